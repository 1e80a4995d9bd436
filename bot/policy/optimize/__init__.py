"""How likely × what things cost → what is best to do now."""
