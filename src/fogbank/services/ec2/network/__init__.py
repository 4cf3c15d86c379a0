"""Records of networks as facts for the kernel: pure, a file for each thing that a packet meets."""
