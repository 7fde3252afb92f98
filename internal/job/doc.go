// Package job runs durable work on River, on both databases. A job is inserted inside the GORM transaction of its cause: committed means exactly one job,
// rolled back means none.
//
// The job is never the truth. Whoever owns the work keeps its state in a table of its own and sweeps that table for work without a live job.
package job
