//! Elementary functions.

use super::{Model, each, each_pair, names};

macro_rules! functions {
    ($($(#[$doc:meta])* $variant:ident $name:literal $arity:literal $apply:expr;)*) => {
        /// An elementary function of one or two coordinates. Angles are in radians.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Function {
            $($(#[$doc])* $variant,)*
        }

        impl Function {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name, as numpy has it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The function of a name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    // Names that numpy 2 added or that are only aliases.
                    "acos" => Some(Self::Arccos),
                    "acosh" => Some(Self::Arccosh),
                    "asin" => Some(Self::Arcsin),
                    "asinh" => Some(Self::Arcsinh),
                    "atan" => Some(Self::Arctan),
                    "atan2" => Some(Self::Arctan2),
                    "atanh" => Some(Self::Arctanh),
                    "degrees" => Some(Self::Rad2deg),
                    "radians" => Some(Self::Deg2rad),
                    "divide" => Some(Self::TrueDivide),
                    "mod" => Some(Self::Remainder),
                    "abs" => Some(Self::Absolute),
                    "pow" => Some(Self::Power),
                    _ => None,
                }
            }

            fn arity(self) -> usize {
                match self {
                    $(Self::$variant => $arity,)*
                }
            }
        }

        impl Model for Function {
            fn n_inputs(&self) -> usize {
                self.arity()
            }

            fn n_outputs(&self) -> usize {
                1
            }

            fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
                match self {
                    $(Self::$variant => $apply(inputs, outputs),)*
                }
            }

            fn input_names(&self) -> Vec<String> {
                names(if self.arity() == 2 { &["x", "y"] } else { &["x"] })
            }

            fn output_names(&self) -> Vec<String> {
                names(if self.arity() == 2 { &["z"] } else { &["y"] })
            }
        }
    };
}

macro_rules! one {
    ($function:expr) => {
        |inputs: &[&[f64]], outputs: &mut [&mut [f64]]| each(inputs, outputs, $function)
    };
}

macro_rules! two {
    ($function:expr) => {
        |inputs: &[&[f64]], outputs: &mut [&mut [f64]]| each_pair(inputs, outputs, $function)
    };
}

functions! {
    /// Without its sign.
    Absolute "absolute" 1 one!(f64::abs);
    /// Sum.
    Add "add" 2 two!(|x, y| x + y);
    /// Arc cosine.
    Arccos "arccos" 1 one!(f64::acos);
    /// Inverse hyperbolic cosine.
    Arccosh "arccosh" 1 one!(f64::acosh);
    /// Arc sine.
    Arcsin "arcsin" 1 one!(f64::asin);
    /// Inverse hyperbolic sine.
    Arcsinh "arcsinh" 1 one!(f64::asinh);
    /// Arc tangent.
    Arctan "arctan" 1 one!(f64::atan);
    /// Angle of the vector (y, x); the first input is y.
    Arctan2 "arctan2" 2 two!(f64::atan2);
    /// Inverse hyperbolic tangent.
    Arctanh "arctanh" 1 one!(f64::atanh);
    /// Cube root.
    Cbrt "cbrt" 1 one!(f64::cbrt);
    /// Cosine.
    Cos "cos" 1 one!(f64::cos);
    /// Hyperbolic cosine.
    Cosh "cosh" 1 one!(f64::cosh);
    /// Degrees to radians.
    Deg2rad "deg2rad" 1 one!(f64::to_radians);
    /// Exponential.
    Exp "exp" 1 one!(f64::exp);
    /// Power of two.
    Exp2 "exp2" 1 one!(f64::exp2);
    /// Exponential less 1.
    Expm1 "expm1" 1 one!(f64::exp_m1);
    /// Without its sign.
    Fabs "fabs" 1 one!(f64::abs);
    /// Quotient, rounded down.
    FloorDivide "floor_divide" 2 two!(|x, y| (x / y).floor());
    /// Rest of a division, with the sign of the first input.
    Fmod "fmod" 2 two!(|x, y| x % y);
    /// Length of the vector (x, y).
    Hypot "hypot" 2 two!(f64::hypot);
    /// Natural logarithm.
    Log "log" 1 one!(f64::ln);
    /// Decimal logarithm.
    Log10 "log10" 1 one!(f64::log10);
    /// Natural logarithm of 1 + x.
    Log1p "log1p" 1 one!(f64::ln_1p);
    /// Binary logarithm.
    Log2 "log2" 1 one!(f64::log2);
    /// Logarithm of the sum of exponentials.
    Logaddexp "logaddexp" 2 two!(logaddexp);
    /// Binary logarithm of the sum of powers of two.
    Logaddexp2 "logaddexp2" 2 two!(logaddexp2);
    /// Product.
    Multiply "multiply" 2 two!(|x, y| x * y);
    /// With the other sign.
    Negative "negative" 1 one!(|x: f64| -x);
    /// As it is.
    Positive "positive" 1 one!(|x| x);
    /// The first input to the power of the second.
    Power "power" 2 two!(f64::powf);
    /// Radians to degrees.
    Rad2deg "rad2deg" 1 one!(f64::to_degrees);
    /// One over it.
    Reciprocal "reciprocal" 1 one!(|x| 1.0 / x);
    /// Rest of a division, with the sign of the second input.
    Remainder "remainder" 2 two!(|x, y| x - y * (x / y).floor());
    /// The nearest integer, the even one of two.
    Rint "rint" 1 one!(f64::round_ties_even);
    /// Sine.
    Sin "sin" 1 one!(f64::sin);
    /// Hyperbolic sine.
    Sinh "sinh" 1 one!(f64::sinh);
    /// Square root.
    Sqrt "sqrt" 1 one!(f64::sqrt);
    /// Square.
    Square "square" 1 one!(|x| x * x);
    /// Difference.
    Subtract "subtract" 2 two!(|x, y| x - y);
    /// Tangent.
    Tan "tan" 1 one!(f64::tan);
    /// Hyperbolic tangent.
    Tanh "tanh" 1 one!(f64::tanh);
    /// Quotient.
    TrueDivide "true_divide" 2 two!(|x, y| x / y);
}

fn logaddexp(x: f64, y: f64) -> f64 {
    if x == y {
        return x + std::f64::consts::LN_2;
    }
    x.max(y) + (-(x - y).abs()).exp().ln_1p()
}

fn logaddexp2(x: f64, y: f64) -> f64 {
    if x == y {
        return x + 1.0;
    }
    x.max(y) + (-(x - y).abs()).exp2().ln_1p() / std::f64::consts::LN_2
}
