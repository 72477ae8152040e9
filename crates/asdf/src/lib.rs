//! The Advanced Scientific Data Format: tagged trees and binary blocks.
