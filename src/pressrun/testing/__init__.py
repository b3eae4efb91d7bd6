"""Test support that is public: what pressrun itself is tested with, for those who build on it.

`simfs` is a file system in memory that can be killed or lose power; `power_loss` walks through everything such a loss
may leave behind; `turns` runs writers in turns; `stores` puts a store on such a disk; `samples` writes small bundles.
Unstable until 1.0.
"""
