// Kernels of this instruction set follow in files of their own; an empty unit keeps the library linkable.
