//! JWST product and reference models, and the files that hold them.
