//! Files read and written through the public interface: headers, arrays, tables, what must survive, damage.

mod arrays;
mod atomic;
mod damage;
mod headers;
mod properties;
mod raw;
mod survival;
mod tables;
