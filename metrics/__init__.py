"""What is measured: one module a method, named as the field names it. Frames in, frames out."""
