"""Where tables come from: importers, the generated sample, people erased since."""
