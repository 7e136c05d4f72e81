// The lanes of a workgroup, a power of two; put before the shaders that are compiled for several numbers of them.
override LANES: u32 = 64;
