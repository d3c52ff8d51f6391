"""The modules that architectures build. They import torch; the declarations beside do not."""
