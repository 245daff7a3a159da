"""What fits: how every model of the catalogue would run on one machine, predicted.

Pure and without torch; the page and the command line draw the same rows.
"""
