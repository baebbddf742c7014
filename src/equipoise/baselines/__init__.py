"""Methods with which the papers compare, each in a file of its own."""

from equipoise.baselines.bagan import BAGAN
from equipoise.baselines.bayes_cnn import BayesCNN
from equipoise.baselines.deep_smote import DeepSMOTE
from equipoise.baselines.dfbs import DFBS
from equipoise.baselines.dgcmm import DGCMM
from equipoise.baselines.gamo import GAMO
from equipoise.baselines.mmdgm import MMDGM

__all__ = ["BAGAN", "DFBS", "DGCMM", "GAMO", "MMDGM", "BayesCNN", "DeepSMOTE"]
