"""The Kubernetes API with Flux's objects → which Kustomizations and HelmReleases deliver a service, what they run, asking them to hurry."""
