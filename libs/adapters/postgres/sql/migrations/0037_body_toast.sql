-- Inline ciphertext stands beside the table again, in pieces of 2 KB. In its row no two of 4 KiB fit a page, so that each took 8 KiB of
-- the disks, the memory and the backups of every server. Rows that are there stay as they are.
ALTER TABLE body RESET (toast_tuple_target);
