"""
A network of your own as backbone
=================================

Who has a network that knows related images need not train one from nothing. Any
:class:`torch.nn.Module` that maps images to features can be passed as ``architecture``, to be
trained further or to stay as it is. Here a small network learns the digits 0 to 4, of which there
are many, and then serves for the digits 5 to 9, of which there are few.
"""

# %%
# The backbone
# ------------
# It is trained with an ordinary loop in torch. The last layer belongs to the old task and is left
# out afterwards. For photographs one would take a pretrained network instead, for example
# ``architecture="timm:resnet18"``, which downloads its weights.

import numpy as np
import torch
from torch import nn

from equipoise import load_dataset

digits = load_dataset("digits")
old = digits.y_train < 5
images = torch.from_numpy(digits.X_train[old]).unsqueeze(1) / 255
target = torch.from_numpy(digits.y_train[old])

torch.manual_seed(0)
backbone = nn.Sequential(
    nn.Conv2d(1, 32, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(32, 64, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Flatten(),
)
whole = nn.Sequential(backbone, nn.Linear(1024, 5))
optimiser = torch.optim.Adam(whole.parameters(), lr=1e-3)
for _ in range(30):
    for batch in torch.randperm(len(images)).split(32):
        optimiser.zero_grad()
        nn.functional.cross_entropy(whole(images[batch]), target[batch]).backward()
        optimiser.step()

# %%
# The new task
# ------------
# Forty fives, but only four nines.

from equipoise.datasets import imbalance

sizes = {5: 40, 6: 22, 7: 13, 8: 7, 9: 4}
new, new_test = digits.y_train >= 5, digits.y_test >= 5
X, y = imbalance.subset(digits.X_train[new], digits.y_train[new], sizes, random_state=0)
X_test, y_test = digits.X_test[new_test], digits.y_test[new_test]

# %%
# Four ways
# ---------
# The module is not changed by a fit, which trains a copy. A frozen backbone computes the features
# of the training images once, so that it is the fastest. To tell what the knowledge of other digits
# is worth, and what the layers, the same layers with random weights are frozen as well.

from copy import deepcopy
from time import perf_counter

from equipoise import ConvNetClassifier

untrained = deepcopy(backbone)
torch.manual_seed(1)
for layer in untrained:
    if isinstance(layer, nn.Conv2d):
        layer.reset_parameters()

adjusted = {"loss": "logit_adjusted", "max_epochs": 60, "batch_size": 16}
ways = {
    "from nothing": {},
    "random, frozen": {"architecture": untrained, "freeze_backbone": True},
    "pretrained, fine-tuned": {"architecture": backbone},
    "pretrained, frozen": {"architecture": backbone, "freeze_backbone": True},
}
recalls = {}
for name, parameters in ways.items():
    start, runs = perf_counter(), []
    for seed in range(3):
        model = ConvNetClassifier(**adjusted, **parameters, random_state=seed).fit(X, y)
        correct = model.predict(X_test) == y_test
        runs.append([correct[y_test == digit].mean() for digit in sizes])
    recalls[name] = np.mean(runs, axis=0)
    seconds = (perf_counter() - start) / 3
    print(f"{name}: balanced accuracy {recalls[name].mean():.3f}, {seconds:.1f} s for each fit")

# %%
# Recall of each class
# --------------------
# Means over three seeds, on the test images of the five new digits.

from equipoise.report import plots

axes = plots.plot_recall_by_size(
    sizes, {name: dict(zip(sizes, values, strict=True)) for name, values in recalls.items()}
)

# %%
# For these class sizes, on these small images, the network that is trained from nothing is the
# best, and the knowledge of other digits is worth little more than random layers. This order was
# seen for one choice of class sizes and one pretrained backbone, with three seeds of the training,
# so it may be another on your data. What the frozen backbone saves is time. Photographs are another
# matter, for there a pretrained network has seen millions of images. A comparison like this one is
# quickly made, and worth making before a backbone is chosen.
#
# :class:`equipoise.DGCClassifier` takes the same ``architecture``. What has to hold of a module,
# and how to save an estimator that has one, is in :doc:`the guide on backbones </backbones>`.
