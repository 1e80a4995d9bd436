"""A small GitOps world that behaves: Git, a forge, a cluster, services whose errors follow what they run."""
