# lavaan's factor scores from ordered variables: in this folder, `Rscript make_ordered_scores.R` writes ordered_scores.json.
suppressPackageStartupMessages({ library(lavaan); library(jsonlite) })

FIRST <- 1:40
ordered_data <- read.csv("../data/ordered.csv")
seven <- paste0("y", 1:7)
MIXED <- "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7 + y8"
OWN <- "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7"
PATHS <- "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7 + y8\ng ~ f"

scores <- function(name, model, method, ...) {
  fit <- suppressWarnings(sem(model, ordered_data, control = list(rel.tol = 1e-14), optim.force.converged = TRUE, ...))
  found <- lavPredict(fit, method = method, optim.method = "nlminb")
  if (is.list(found)) found <- found[[1]]
  list(name = name, model = model, method = method, args = list(...), latents = I(colnames(found)),
       scores = signif(unclass(found)[FIRST, , drop = FALSE], 7))
}
cases <- list(
  scores("own_EBM", OWN, "EBM", ordered = seven), scores("own_ML", OWN, "ML", ordered = seven),
  scores("mixed_EBM", MIXED, "EBM", ordered = seven), scores("mixed_ML", MIXED, "ML", ordered = seven),
  scores("paths_EBM", PATHS, "EBM", ordered = seven),
  scores("groups_EBM", OWN, "EBM", ordered = seven, group = "group"))
answer <- list(lavaan = as.character(packageVersion("lavaan")), cases = cases)
writeLines(toJSON(answer, auto_unbox = TRUE, digits = NA, null = "null", na = "null"), "ordered_scores.json")
