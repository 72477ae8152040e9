//! Memory and files that are not needed any more.

/// Gives back what is not needed any more, by another thread: for images and temporary files that takes a while.
pub fn give_back(value: impl Send + 'static) {
    rayon::spawn(move || drop(value));
}
