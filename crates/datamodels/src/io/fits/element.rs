//! Conversion between the big-endian types of FITS and the element types of arrays.

use super::reader::StoredType;

/// An element type of image arrays.
pub trait Element: bytemuck::Pod + Default + Send + Sync {
    /// What the type is stored as.
    const STORED: StoredType;
    /// Decodes big-endian elements of type `stored`, applying `scale` and `zero` where they are not 1 and 0.
    fn decode(stored: StoredType, scaling: Option<(f64, f64)>, bytes: &[u8], out: &mut [Self]);
    /// Encodes elements as big-endian bytes of their stored type.
    fn encode(values: &[Self], out: &mut [u8]);
}

macro_rules! decode_as {
    ($source:ty, $bytes:expr, $out:expr, $convert:expr) => {
        // With the vector instructions of this machine.
        pulp::Arch::new().dispatch(|| {
            let raw = $bytes.as_chunks::<{ size_of::<$source>() }>().0;
            for (value, raw) in $out.iter_mut().zip(raw) {
                *value = $convert(<$source>::from_be_bytes(*raw));
            }
        })
    };
}

macro_rules! element {
    ($type:ty, $stored:ident, $encode:expr) => {
        impl Element for $type {
            const STORED: StoredType = StoredType::$stored;

            fn decode(
                stored: StoredType,
                scaling: Option<(f64, f64)>,
                bytes: &[u8],
                out: &mut [Self],
            ) {
                if let Some((scale, zero)) = scaling {
                    let scaled = |v: f64| v.mul_add(scale, zero) as $type;
                    match stored {
                        StoredType::U8 => decode_as!(u8, bytes, out, |v| scaled(f64::from(v))),
                        StoredType::I16 | StoredType::U16 => {
                            decode_as!(i16, bytes, out, |v| scaled(f64::from(v)))
                        }
                        StoredType::I32 | StoredType::U32 => {
                            decode_as!(i32, bytes, out, |v| scaled(f64::from(v)))
                        }
                        StoredType::I64 => decode_as!(i64, bytes, out, |v| scaled(v as f64)),
                        StoredType::F32 => decode_as!(f32, bytes, out, |v| scaled(f64::from(v))),
                        StoredType::F64 => decode_as!(f64, bytes, out, scaled),
                    }
                    return;
                }
                match stored {
                    StoredType::U8 => decode_as!(u8, bytes, out, |v| v as $type),
                    StoredType::I16 => decode_as!(i16, bytes, out, |v| v as $type),
                    StoredType::U16 => decode_as!(u16, bytes, out, |v: u16| (v ^ 0x8000) as $type),
                    StoredType::I32 => decode_as!(i32, bytes, out, |v| v as $type),
                    StoredType::U32 => {
                        decode_as!(u32, bytes, out, |v: u32| (v ^ 0x8000_0000) as $type)
                    }
                    StoredType::I64 => decode_as!(i64, bytes, out, |v| v as $type),
                    StoredType::F32 => decode_as!(f32, bytes, out, |v| v as $type),
                    StoredType::F64 => decode_as!(f64, bytes, out, |v| v as $type),
                }
            }

            fn encode(values: &[Self], out: &mut [u8]) {
                let (out, _) = out.as_chunks_mut::<{ size_of::<$type>() }>();
                pulp::Arch::new().dispatch(|| {
                    for (raw, value) in out.iter_mut().zip(values) {
                        *raw = $encode(*value).to_be_bytes();
                    }
                });
            }
        }
    };
}

element!(u8, U8, |v| v);
element!(i16, I16, |v| v);
element!(u16, U16, |v| v ^ 0x8000);
element!(i32, I32, |v| v);
element!(u32, U32, |v| v ^ 0x8000_0000);
element!(i64, I64, |v| v);
element!(f32, F32, |v| v);
element!(f64, F64, |v| v);
