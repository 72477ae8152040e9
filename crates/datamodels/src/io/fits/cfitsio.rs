//! The few calls of cfitsio that this crate makes, behind a safe function.
//!
//! cfitsio finds the HDUs and splits header records into keyword, value and comment. Data are read beside it, from the
//! byte offsets that it reports. The bundled build keeps global state, so one lock covers every session; sessions are
//! short because no data pass through them.
#![allow(
    unsafe_code,
    reason = "cfitsio is a C library; every unsafe call of this crate is in this file"
)]

use std::ffi::{CStr, CString, c_char, c_int, c_longlong, c_void};
use std::fs::File;
use std::path::Path;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fitsio_sys as sys;

use crate::io::positional;

static SESSION: Mutex<()> = Mutex::new(());

const READONLY: c_int = 0;
const END_OF_FILE: c_int = 107;
/// More HDUs than any product has; a damaged file must not make the reader run away.
const MAX_HDUS: c_int = 20_000;

/// Axes for which cfitsio has room; it does not look before it writes beyond.
const MAX_AXES: u32 = 99;
const RECORD: usize = 80;

/// A header record as cfitsio splits it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawCard {
    pub(super) keyword: String,
    /// The value as it stands in the record, quotes included; empty where the record has none.
    pub(super) value: String,
    pub(super) comment: String,
    /// Whether the record has the value indicator `= `.
    pub(super) has_value: bool,
}

/// Where an HDU lies in its file, in bytes, and what its header says.
#[derive(Debug, Clone)]
pub(super) struct RawHdu {
    pub(super) header_start: u64,
    pub(super) data_start: u64,
    pub(super) data_end: u64,
    pub(super) cards: Vec<RawCard>,
}

/// The source of a FITS stream.
pub(super) enum Input<'a> {
    File(&'a Path),
    Memory(&'a [u8]),
}

/// Lists the HDUs of a file with their headers.
pub(super) fn read_layout(input: &Input<'_>) -> Result<Vec<RawHdu>, String> {
    check_axes(input, 0).map_err(|e| format!("HDU 1: {e}"))?;
    let session = Session::open(input)?;
    let mut hdus: Vec<RawHdu> = Vec::new();
    for number in 1..=MAX_HDUS {
        if let Some(last) = hdus.last() {
            check_axes(input, last.data_end).map_err(|e| format!("HDU {number}: {e}"))?;
        }
        if !session.move_to(number)? {
            return Ok(hdus);
        }
        hdus.push(session.current()?);
    }
    Err(format!("more than {MAX_HDUS} HDUs"))
}

/// Refuses a header that states more axes than cfitsio holds. It takes NAXIS from the third record alone.
fn check_axes(input: &Input<'_>, header_start: u64) -> Result<(), String> {
    let mut record = [0; RECORD];
    let start = header_start.saturating_add(2 * RECORD as u64);
    // What cannot be read is told by cfitsio.
    let is_read = match input {
        Input::File(path) => File::open(path)
            .is_ok_and(|file| positional::read_at(&file, start, &mut record).is_ok()),
        Input::Memory(bytes) => usize::try_from(start)
            .ok()
            .and_then(|start| bytes.get(start..)?.first_chunk::<RECORD>())
            .map(|found| record = *found)
            .is_some(),
    };
    let Some(value) = record.strip_prefix(b"NAXIS   =").filter(|_| is_read) else {
        return Ok(());
    };
    let value = String::from_utf8_lossy(value);
    let value = value.split('/').next().unwrap_or_default().trim();
    match value.parse::<i64>() {
        Ok(axes) if axes <= i64::from(MAX_AXES) => Ok(()),
        _ => Err(format!(
            "NAXIS: expected a number from 0 to {MAX_AXES}, found {value}"
        )),
    }
}

/// Address and size of a buffer, which cfitsio reads through pointers for as long as the file is open.
struct Buffer {
    address: *mut c_void,
    size: usize,
}

struct Session {
    file: *mut sys::fitsfile,
    /// Dropped after `file` is closed.
    _buffer: Option<Box<Buffer>>,
    _lock: MutexGuard<'static, ()>,
}

impl Session {
    fn open(input: &Input<'_>) -> Result<Self, String> {
        let lock = SESSION.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = ptr::null_mut();
        let mut status = 0;
        let mut buffer = None;
        match input {
            Input::File(path) => {
                let name = c_path(path)?;
                // SAFETY: `name` is a terminated string that outlives the call. The disk-file call takes the name
                // literally: no filters, no network.
                unsafe { sys::ffdkopn(&raw mut file, name.as_ptr(), READONLY, &raw mut status) };
            }
            Input::Memory(bytes) => {
                let mut held = Box::new(Buffer {
                    address: bytes.as_ptr().cast_mut().cast(),
                    size: bytes.len(),
                });
                let name = CString::default();
                // SAFETY: read-only and without a reallocation function, so cfitsio neither writes to the bytes nor
                // frees them; the box keeps address and size at one place until the file is closed in `drop`, and
                // `read_layout` holds the borrow of the bytes for longer than the session.
                unsafe {
                    sys::ffomem(
                        &raw mut file,
                        name.as_ptr(),
                        READONLY,
                        &raw mut held.address,
                        &raw mut held.size,
                        0,
                        None,
                        &raw mut status,
                    )
                };
                buffer = Some(held);
            }
        }
        check(status)?;
        Ok(Self {
            file,
            _buffer: buffer,
            _lock: lock,
        })
    }

    /// Moves to an HDU, counted from 1; false when the file has no such HDU.
    fn move_to(&self, number: c_int) -> Result<bool, String> {
        let mut status = 0;
        // SAFETY: `file` is open; a null type pointer is allowed.
        unsafe { sys::ffmahd(self.file, number, ptr::null_mut(), &raw mut status) };
        if status == END_OF_FILE {
            // SAFETY: clears the library's message stack, no arguments.
            unsafe { sys::ffcmsg() };
            return Ok(false);
        }
        check(status).map_err(|e| format!("HDU {number}: {e}"))?;
        Ok(true)
    }

    fn current(&self) -> Result<RawHdu, String> {
        let mut hdu = self.extent()?;
        let (mut count, mut status) = (0, 0);
        // SAFETY: `file` is open; both pointers are valid.
        unsafe { sys::ffghsp(self.file, &raw mut count, ptr::null_mut(), &raw mut status) };
        check(status)?;
        for number in 1..=count {
            let card = self.record(number)?;
            hdu.cards.push(card);
        }
        Ok(hdu)
    }

    fn extent(&self) -> Result<RawHdu, String> {
        let (mut header, mut data, mut end): (c_longlong, c_longlong, c_longlong) = (0, 0, 0);
        let mut status = 0;
        // SAFETY: `file` is open; the pointers are valid.
        unsafe {
            sys::ffghadll(
                self.file,
                &raw mut header,
                &raw mut data,
                &raw mut end,
                &raw mut status,
            )
        };
        check(status)?;
        Ok(RawHdu {
            header_start: header as u64,
            data_start: data as u64,
            data_end: end as u64,
            cards: Vec::new(),
        })
    }

    fn record(&self, number: c_int) -> Result<RawCard, String> {
        let mut record: Text = [0; TEXT];
        let mut status = 0;
        // SAFETY: the buffer is longer than any record with its terminator.
        unsafe { sys::ffgrec(self.file, number, record.as_mut_ptr(), &raw mut status) };
        check(status)?;
        split(&mut record)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.file.is_null() {
            let mut status = 0;
            // SAFETY: `file` is open and not used afterwards.
            unsafe { sys::ffclos(self.file, &raw mut status) };
        }
    }
}

/// Longer than `FLEN_CARD`, `FLEN_VALUE`, `FLEN_COMMENT` and `FLEN_ERRMSG`.
const TEXT: usize = 128;
type Text = [c_char; TEXT];

/// Splits a record; a continued string is parsed like a value.
fn split(record: &mut Text) -> Result<RawCard, String> {
    const CONTINUE: &str = "CONTINUE  ";
    let image = text(record);
    let continued = image.starts_with(CONTINUE);
    let mut parsed = *record;
    if continued {
        // The library parses a value only behind an ordinary keyword.
        for (target, source) in parsed.iter_mut().zip(b"LONGSTR = ") {
            *target = *source as c_char;
        }
    }
    let (mut name, mut value, mut comment): (Text, Text, Text) = ([0; TEXT], [0; TEXT], [0; TEXT]);
    let (mut length, mut status) = (0, 0);
    // SAFETY: all buffers are longer than the library's documented maxima, and `parsed` is terminated.
    unsafe {
        sys::ffgknm(
            parsed.as_mut_ptr(),
            name.as_mut_ptr(),
            &raw mut length,
            &raw mut status,
        );
        sys::ffpsvc(
            parsed.as_mut_ptr(),
            value.as_mut_ptr(),
            comment.as_mut_ptr(),
            &raw mut status,
        );
    }
    check(status).map_err(|e| format!("header record `{image}`: {e}"))?;
    let keyword = if continued {
        "CONTINUE".to_string()
    } else {
        text(&name)
    };
    let commentary = matches!(keyword.as_str(), "COMMENT" | "HISTORY" | "");
    let has_value =
        !commentary && (image.starts_with("HIERARCH") || continued || image.get(8..9) == Some("="));
    Ok(RawCard {
        keyword,
        value: text(&value),
        comment: text(&comment),
        has_value,
    })
}

fn text(buffer: &Text) -> String {
    // SAFETY: the library terminates what it writes, and the buffers start as zeros and are longer than its maxima.
    unsafe { CStr::from_ptr(buffer.as_ptr()) }
        .to_string_lossy()
        .into_owned()
}

fn c_path(path: &Path) -> Result<CString, String> {
    let name = path.to_str().ok_or("the path is not valid UTF-8")?;
    CString::new(name).map_err(|_| "the path holds a zero byte".to_string())
}

/// Turns a status into the library's own words, its message stack included.
fn check(status: c_int) -> Result<(), String> {
    if status == 0 {
        return Ok(());
    }
    let mut buffer: Text = [0; TEXT];
    // SAFETY: the buffer is longer than FLEN_STATUS and FLEN_ERRMSG.
    unsafe { sys::ffgerr(status, buffer.as_mut_ptr()) };
    let mut message = text(&buffer);
    // SAFETY: as above; the call returns 0 when the stack is empty.
    while unsafe { sys::ffgmsg(buffer.as_mut_ptr()) } != 0 {
        message.push_str("; ");
        message.push_str(text(&buffer).trim());
    }
    Err(message)
}
