"""Training of the embedded model and of the fusion weights. Needs the package's ``train`` extra."""
