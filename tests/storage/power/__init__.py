"""Power loss: what a process did to its files, and what a disk may keep of it (reliability 3.3)."""
