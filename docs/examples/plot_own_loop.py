"""
Balanced batches in a training loop of your own
===============================================

Those who write their own training loop in torch need no estimator.
:func:`equipoise.balanced_dataloader` returns a :class:`torch.utils.data.DataLoader` in whose
batches every class has the same number of rows. Only one line of the loop changes.
"""

# %%
# Two loaders
# -----------
# Of scikit-learn's handwritten digits we keep 120 zeros, but only 6 nines. The first loader
# shuffles the images as they are.

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from equipoise import balanced_dataloader, load_dataset
from equipoise.datasets import imbalance

digits = load_dataset("digits")
sizes = imbalance.published("digits")
X, y = imbalance.subset(digits.X_train, digits.y_train, sizes, random_state=0)


def as_tensor(images):
    return torch.from_numpy(images).unsqueeze(1) / 255


loaders = {
    "shuffled": DataLoader(
        TensorDataset(as_tensor(X), torch.from_numpy(y)),
        batch_size=50,
        shuffle=True,
        generator=torch.Generator().manual_seed(0),
    ),
    "balanced": balanced_dataloader(X, y, batch_size=50, random_state=0),
}
for name, loader in loaders.items():
    _, target = next(iter(loader))
    print(f"{name}: digits per batch {target.bincount(minlength=10).tolist()}")

# %%
# Synthetic rows
# --------------
# Without a sampler, the images of rare classes are repeated. With one, its synthetic images are
# used as well: any sampler of this library or of imbalanced-learn.

from imblearn.over_sampling import SMOTE

loaders["balanced with SMOTE"] = balanced_dataloader(
    X, y, sampler=SMOTE(k_neighbors=3), batch_size=50, random_state=0
)

# %%
# The loop
# --------
# It is the usual one. After every epoch we note the recall of each class on balanced test images.


def train(loader, n_epochs=30):
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)
    )
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    history = []
    for _ in range(n_epochs):
        for x, target in loader:
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(x), target).backward()
            optimiser.step()
        with torch.no_grad():
            correct = network(as_tensor(digits.X_test)).argmax(1).numpy() == digits.y_test
        history.append([correct[digits.y_test == digit].mean() for digit in sizes])
    return torch.tensor(history)


recalls = {name: train(loader) for name, loader in loaders.items()}

# %%
# What balance changes
# --------------------
# On the left the mean recall of all classes by epoch, on the right the recall of each class at the
# end.

import matplotlib.pyplot as plt

from equipoise.report import plots

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
plots.plot_recall_by_size(sizes, {name: values[-1] for name, values in recalls.items()}, ax=right)
for line, (name, values) in zip(right.get_legend_handles_labels()[0], recalls.items(), strict=True):
    left.plot(values.mean(1), color=line.get_color(), label=name)
left.set(xlabel="epoch", ylabel="balanced accuracy", ylim=(0, 1))
left.legend(loc="lower right")
plt.show()

# %%
# A network that was trained on balanced batches assumes equal class priors. Where its probabilities
# matter, correct them, as :doc:`the guide on probabilities </probabilities>` explains.
