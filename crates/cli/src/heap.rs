//! How the C library keeps freed memory.

/// Freed blocks of up to this size may stay in the heap to be used again; larger ones have pages of their own, which go back
/// to the system. The C library takes no larger number [byte].
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: libc::c_int = 32 << 20;

/// Has all threads share one heap, of which little stays free.
///
/// Left alone, the C library has a heap for each thread, and each of those that have worked on images keeps some of them: a
/// tenth of all memory of `calwebb_image3` with two threads. Memory is asked for rarely here, so that no thread waits.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "a function of the C library")]
pub(crate) fn share() {
    // SAFETY: numbers are handed over, before there are other threads. A C library that refuses them goes on as it is.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}

/// Other C libraries have no such settings.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn share() {}
