"""A story → a small GitOps world that behaves: Git, a cluster, services that fail as told, alerts, people and bots."""
