"""The shop's checkout in prod, as the guard's tests change it."""

ADA = "Ada <ada@shop.example>"
FOLDER = "apps/checkout/overlays/prod"
FILE = f"{FOLDER}/kustomization.yaml"


def quarantine_of(origin):
    return origin.paths(origin.head(), ".rollbot/quarantine")[0]
