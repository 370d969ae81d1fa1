# lavaan on one case: text and data frame to estimates, standard errors, chi-square and baseline. One JSON line.
# Rscript lavaan_worker.R FOLDER REPS BUDGET
suppressPackageStartupMessages({ library(lavaan); library(jsonlite) })
given <- commandArgs(TRUE)
folder <- given[1]; reps <- as.integer(given[2]); budget <- as.numeric(given[3])
meta <- fromJSON(file.path(folder, "meta.json"))
text <- paste(readLines(file.path(folder, "model.lav")), collapse = "\n")
arguments <- c(list(model = text, data = read.csv(file.path(folder, "data.csv"))), meta$options)

# Before 0.7 the standard errors of 200 observed variables need more than 24 GiB.
note <- ""
if (packageVersion("lavaan") < "0.7" && meta$p >= 200) { arguments$se <- "none"; note <- "without SE" }

walls <- c(); cpus <- c()
repeat {
  before <- proc.time()
  fit <- suppressWarnings(do.call(meta$`function`, arguments))
  taken <- proc.time() - before
  walls <- c(walls, taken[[3]]); cpus <- c(cpus, taken[[1]] + taken[[2]])
  if (length(walls) > reps || sum(walls) > budget) break
}
later <- if (length(walls) > 1) -1 else 1
peak <- if (file.exists("/proc/self/status")) grep("VmHWM", readLines("/proc/self/status"), value = TRUE) else NA
cat(toJSON(list(
  version = as.character(packageVersion("lavaan")), first = walls[1], wall = median(walls[later]), cpu = median(cpus[later]),
  calls = length(walls) - 1, chi_square = fitMeasures(fit, "chisq")[[1]], converged = lavInspect(fit, "converged"),
  steps = lavInspect(fit, "iterations"), peak = as.numeric(gsub("[^0-9]", "", peak)) / 1024, note = note,
  blas = basename(extSoftVersion()[["BLAS"]])
), auto_unbox = TRUE, digits = NA), "\n")
