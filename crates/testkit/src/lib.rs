//! Synthetic exposures and tolerance reports for the tests of this workspace.
