"""From patches to commands: how set, create and delete change what a class stands for."""
