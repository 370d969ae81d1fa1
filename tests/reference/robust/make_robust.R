# lavaan's robust answers: in this folder, `Rscript make_robust.R` writes robust.json.
suppressPackageStartupMessages({ library(lavaan); library(jsonlite) })

TIGHT <- list(rel.tol = 1e-14, eval.max = 100000L, iter.max = 100000L)
TWO <- "f1 =~ x1 + x2 + x3 + x4\nf2 =~ x5 + x6 + x7 + x8\nf2 ~ f1"
GIVEN <- paste0(TWO, "\nf1 ~ w\nx5 ~ w")
EQUAL <- "f1 =~ x1 + a*x2 + b*x3 + b*x4\nf2 =~ x5 + a*x6 + x7 + x8\nf2 ~ c*f1\nproduct := a*b*c"
CASES <- list()
case <- function(name, model, data = "clustered", ...) CASES[[name]] <<- list(model = model, data = data, args = list(...))

for (estimator in c("MLM", "MLMV", "MLMVS", "MLR", "MLF")) {
  case(estimator, TWO, estimator = estimator)
  case(paste0(estimator, "_means_given"), GIVEN, estimator = estimator, meanstructure = TRUE)
  case(paste0(estimator, "_equal"), EQUAL, estimator = estimator)
  case(paste0(estimator, "_groups"), GIVEN, estimator = estimator, group = "group", group.equal = "loadings")
}
case("MLR_expected", TWO, estimator = "MLR", information = "expected")
case("MLR_random_x", GIVEN, estimator = "MLR", fixed.x = FALSE)
case("MLR_gaps", TWO, "incomplete", estimator = "MLR", missing = "ml")
case("MLR_gaps_given", GIVEN, "incomplete", estimator = "MLR", missing = "ml")
case("MLR_gaps_equal", EQUAL, "incomplete", estimator = "MLR", missing = "ml")
case("MLR_gaps_groups", TWO, "incomplete", estimator = "MLR", missing = "ml", group = "group",
     group.equal = c("loadings", "intercepts"))
case("MLF_gaps", TWO, "incomplete", estimator = "MLF", missing = "ml")
# Without the name of the estimator lavaan 0.6-14 takes another information for the test than for standard errors.
case("cluster", TWO, cluster = "cluster", estimator = "MLR")
case("cluster_given", GIVEN, cluster = "cluster", estimator = "MLR")
case("cluster_equal", EQUAL, cluster = "cluster", estimator = "MLR")
case("cluster_MLM", GIVEN, cluster = "cluster", estimator = "MLM")
case("cluster_groups", TWO, cluster = "cluster", estimator = "MLR", group = "group", group.equal = "loadings")
case("cluster_gaps", TWO, "incomplete", cluster = "cluster", estimator = "MLR", missing = "ml")
case("weights", TWO, sampling.weights = "weight", estimator = "MLR")
case("weights_given", GIVEN, sampling.weights = "weight", estimator = "MLR")
case("weights_groups", TWO, sampling.weights = "weight", estimator = "MLR", group = "group",
     sampling.weights.normalization = "group")
case("weights_cluster", GIVEN, sampling.weights = "weight", estimator = "MLR", cluster = "cluster")

table_of <- function(name) read.csv(paste0(name, ".csv"))
run <- function(case) {
  given <- c(list(model = case$model, data = table_of(case$data), control = TIGHT, optim.force.converged = TRUE,
                  em.h1.tol = 1e-11, em.h1.iter.max = 10000L), case$args)
  suppressWarnings(do.call("sem", given))
}
number <- function(value) signif(as.numeric(value), 10)
record <- function(name) {
  fit <- run(CASES[[name]])
  rows <- suppressWarnings(parameterEstimates(fit, remove.eq = FALSE, remove.system.eq = FALSE, remove.ineq = FALSE))
  if (is.null(rows$group)) rows$group <- 1L
  labels <- lavInspect(fit, "group.label")
  measures <- suppressWarnings(fitMeasures(fit))
  list(name = name, model = CASES[[name]]$model, data = CASES[[name]]$data, args = CASES[[name]]$args,
       groups = if (length(labels)) I(labels) else NULL,
       rows = list(lhs = rows$lhs, op = rows$op, rhs = rows$rhs, group = rows$group, est = number(rows$est),
                   se = number(rows$se)),
       fit = lapply(as.list(measures), number))
}

# ---- Tests -------------------------------------------------------------------------------------------------------

lrt <- function(first, second, method, ...) tryCatch({
  found <- suppressWarnings(lavTestLRT(first, second, method = method, ...))
  list(difference = number(found[2, "Chisq diff"]), df = number(found[2, "Df diff"]), p = number(found[2, "Pr(>Chisq)"]))
}, error = function(e) NULL)
pair <- function(name, free, restricted, ...) {
  a <- run(list(model = free, data = "clustered", args = list(...)))
  b <- run(list(model = restricted, data = "clustered", args = list(...)))
  list(name = name, free = free, restricted = restricted, args = list(...),
       sb2001 = lrt(a, b, "satorra.bentler.2001"),
       sb2010 = if (name != "cluster") lrt(a, b, "satorra.bentler.2010"),
       sb2000 = if (name != "cluster" && name != "MLR") lrt(a, b, "satorra.2000", scaled.shifted = FALSE))
}
FREE <- "f1 =~ x1 + x2 + x3 + x4\nf2 =~ x5 + x6 + x7 + x8\nf2 ~ f1\nx4 ~~ x8"
differences <- list(pair("MLM", FREE, TWO, estimator = "MLM"), pair("MLR", FREE, TWO, estimator = "MLR"),
                    pair("cluster", FREE, TWO, cluster = "cluster", estimator = "MLR"))

LABELLED <- "f1 =~ x1 + a*x2 + b*x3 + c*x4\nf2 =~ x5 + d*x6 + e*x7 + x8\nf2 ~ s*f1"
wald <- function(constraints, ...) {
  fit <- run(list(model = LABELLED, data = "clustered", args = list(...)))
  found <- lavTestWald(fit, constraints = constraints)
  list(constraints = constraints, args = list(...), stat = number(found$stat), df = found$df, p = number(found$p.value))
}
walds <- list(wald("a == d\nb == e"), wald("a == d\nb == e", estimator = "MLR"), wald("a*s == 0.5", estimator = "MLM"),
              wald("a == b^2\nc == d"))

score <- function(model, ...) {
  fit <- run(list(model = model, data = "clustered", args = list(...)))
  found <- suppressWarnings(lavTestScore(fit))
  list(model = model, args = list(...), total = number(found$test$X2), df = found$test$df,
       single = number(found$uni$X2))
}
scores <- list(score(EQUAL), score(TWO, group = "group", group.equal = c("loadings", "intercepts")))

ladder <- function(...) {
  steps <- list("none", "loadings", c("loadings", "intercepts"), c("loadings", "intercepts", "residuals"))
  fits <- lapply(steps, function(step)
    run(list(model = "f1 =~ x1 + x2 + x3 + x4\nf2 =~ x5 + x6 + x7 + x8", data = "clustered",
             args = c(list(group = "group", meanstructure = TRUE, group.equal = step), list(...)))))
  table <- suppressWarnings(do.call("lavTestLRT", unname(fits)))
  list(args = list(...), df = table$Df, chisq = number(table$Chisq), difference = number(table$`Chisq diff`),
       p = number(table$`Pr(>Chisq)`), cfi = number(sapply(fits, fitMeasures, "cfi")),
       rmsea = number(sapply(fits, fitMeasures, "rmsea")))
}
ladders <- list(ladder(), ladder(estimator = "MLR"))

answer <- list(lavaan = as.character(packageVersion("lavaan")), cases = lapply(names(CASES), record),
               differences = differences, wald = walds, score = scores, ladder = ladders)
writeLines(toJSON(answer, auto_unbox = TRUE, digits = NA, null = "null", na = "null"), "robust.json")
