"""
Save a model and serve it
=========================

A fitted estimator is saved to a folder of plain files, loaded in another process and asked for
predictions over HTTP.
"""

# %%
# Save
# ----
# The folder contains the parameters as JSON and the weights as safetensors. Unlike a pickle, it can
# be loaded without running code that somebody has put into it.

from pathlib import Path
from tempfile import mkdtemp

from equipoise import DGCClassifier, load_dataset
from equipoise.datasets import imbalance

digits = load_dataset("digits")
sizes = imbalance.published("digits")
X, y = imbalance.subset(digits.X_train, digits.y_train, sizes, random_state=0)

folder = Path(mkdtemp()) / "digits"
DGCClassifier(drawing="gaussian", random_state=0).fit(X, y).save(folder)
for file in sorted(folder.iterdir()):
    print(f"{file.name}: {file.stat().st_size / 1024:.0f} KiB")

# %%
# Serve
# -----
# The service is a function that gets an image as JSON and returns the probability of each digit. We
# use Starlette, which ``pip install 'equipoise[studio]'`` installs; FastAPI is built on it and
# looks nearly the same.

import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

model = DGCClassifier.load(folder)


async def predict(request: Request):
    image = np.array(await request.json(), dtype=np.uint8)
    proba = model.predict_proba(image[None])[0]
    return JSONResponse(dict(zip(map(str, model.classes_), proba.round(4).tolist(), strict=True)))


app = Starlette(routes=[Route("/predict", predict, methods=["POST"])])

# %%
# Usually ``uvicorn my_module:app`` starts the service. Here it runs in a thread, on any free port.

import socket
import threading

import uvicorn

listener = socket.create_server(("127.0.0.1", 0))
server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
thread.start()

# %%
# Ask
# ---
# A client sends three images: of a common class, and of two rare ones.

import json
from urllib.request import Request as Question
from urllib.request import urlopen

address = f"http://127.0.0.1:{listener.getsockname()[1]}/predict"
positions = [int(np.flatnonzero(digits.y_test == digit)[0]) for digit in (0, 8, 9)]
answers = []
for image in digits.X_test[positions]:
    with urlopen(Question(address, json.dumps(image.tolist()).encode())) as answer:
        answers.append(json.load(answer))

server.should_exit = True
thread.join()

# %%
# The eight is written in an unusual way, and the answer says that the model is not sure.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(
    2, 3, figsize=(9, 5), height_ratios=[3, 2], sharey="row", layout="constrained"
)
for (above, below), position, answer in zip(axes.T, positions, answers, strict=True):
    above.imshow(digits.X_test[position], cmap="gray")
    above.set_title(f"a {digits.y_test[position]} ({sizes[digits.y_test[position]]} in training)")
    above.axis("off")
    below.bar(list(answer), list(answer.values()))
axes[1, 0].set_ylabel("probability")
plt.show()
