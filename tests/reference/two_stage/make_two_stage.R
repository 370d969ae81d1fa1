# lavaan's two stages of missing values: in this folder, `Rscript make_two_stage.R` writes two_stage.json.
suppressPackageStartupMessages({ library(lavaan); library(jsonlite) })

TIGHT <- list(rel.tol = 1e-14, eval.max = 100000L, iter.max = 100000L)
TWO <- "f1 =~ x1 + x2 + x3 + x4\nf2 =~ x5 + x6 + x7 + x8\nf2 ~ f1"
FREE <- paste0(TWO, "\nx4 ~~ x8")
GIVEN <- paste0(TWO, "\nf1 ~ w\nx5 ~ w")
EQUAL <- "f1 =~ x1 + a*x2 + b*x3 + b*x4\nf2 =~ x5 + a*x6 + x7 + x8\nf2 ~ c*f1\nproduct := a*b*c"
NONLINEAR <- "f1 =~ x1 + a*x2 + b*x3 + x4\nf2 =~ x5 + c*x6 + x7 + x8\nf2 ~ f1\nc == a*b"

number <- function(value) signif(as.numeric(value), 10)
run <- function(model, ..., data = "incomplete")
  suppressWarnings(sem(model, read.csv(paste0("../robust/", data, ".csv")), control = TIGHT,
                       optim.force.converged = TRUE, em.h1.tol = 1e-11, em.h1.iter.max = 10000L, ...))
record <- function(name, model, ...) {
  fit <- run(model, ...)
  rows <- suppressWarnings(parameterEstimates(fit, remove.eq = FALSE, remove.system.eq = FALSE))
  if (is.null(rows$group)) rows$group <- 1L
  labels <- lavInspect(fit, "group.label")
  list(name = name, model = model, args = list(...), groups = if (length(labels)) I(labels) else NULL,
       rows = list(lhs = rows$lhs, op = rows$op, rhs = rows$rhs, group = rows$group, est = number(rows$est),
                   se = number(rows$se)),
       fit = lapply(as.list(suppressWarnings(fitMeasures(fit))), number))
}
difference <- function(missing) {
  found <- suppressWarnings(lavTestLRT(run(FREE, missing = missing), run(TWO, missing = missing)))
  list(free = FREE, restricted = TWO, args = list(missing = missing), difference = number(found[2, "Chisq diff"]),
       df = number(found[2, "Df diff"]), p = number(found[2, "Pr(>Chisq)"]))
}

cases <- list()
for (missing in c("two.stage", "robust.two.stage")) {
  add <- function(name, ...) cases[[length(cases) + 1]] <<- record(paste0(missing, "_", name), ..., missing = missing)
  add("plain", TWO)
  add("equal", EQUAL)
  add("nonlinear", NONLINEAR)
  add("covariates", GIVEN, fixed.x = FALSE)
  add("groups", TWO, group = "group", group.equal = c("loadings", "intercepts"))
  add("no_gaps", TWO, data = "clustered")
  add("independence", paste0("x", 1:8, " ~~ x", 1:8, collapse = "\n"))
}
answer <- list(lavaan = as.character(packageVersion("lavaan")), cases = cases,
               differences = lapply(c("two.stage", "robust.two.stage"), difference))
writeLines(toJSON(answer, auto_unbox = TRUE, digits = NA, null = "null", na = "null"), "two_stage.json")
