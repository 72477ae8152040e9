//! Memory and files that are not needed any more.

/// Gives back what is not needed any more, by another thread if there is one: for images and temporary files that takes a
/// while.
pub fn give_back(value: impl Send + 'static) {
    // A single thread would do it when all else is done, and have both old and new until then.
    if rayon::current_num_threads() > 1 {
        rayon::spawn(move || drop(value));
    }
}
