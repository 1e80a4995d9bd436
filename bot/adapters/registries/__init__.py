"""Where images and charts are kept: is what a rollback goes back to still there?"""
