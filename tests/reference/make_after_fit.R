# What lavaan and semTools answer after a fit: predictions, reliability, power, and Vuong's test of lavaan's numbers.
# In this folder, `Rscript make_after_fit.R` writes after_fit.json.
options(warn = -1)  # the optimiser cannot take the last digit
suppressPackageStartupMessages({ library(lavaan); library(semTools); library(jsonlite) })

TIGHT <- list(rel.tol = 1e-14, eval.max = 100000L, iter.max = 100000L)
THREE <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
DEMOCRACY <- "ind60 =~ x1 + x2 + x3\ndem60 =~ y1 + y2 + y3 + y4\ndem65 =~ y5 + y6 + y7 + y8
dem60 ~ ind60\ndem65 ~ ind60 + dem60\ny1 ~~ y5\ny2 ~~ y4 + y6\ny3 ~~ y7\ny4 ~~ y8\ny6 ~~ y8"
school <- HolzingerSwineford1939
rounded <- function(x) signif(x, 10)

# lavPredictY

predicted <- function(model, data, outcomes, given, ...) {
  fit <- sem(model, data, meanstructure = TRUE, control = TIGHT, optim.force.converged = TRUE, ...)
  found <- lavPredictY(fit, ynames = outcomes, xnames = given)
  if (is.data.frame(found)) found <- as.matrix(found[outcomes])  # of several groups, in the order of the rows
  list(outcomes = outcomes, given = given, mean = unname(rounded(head(unclass(found), 5))), n = nrow(found))
}
predictions <- list(
  democracy = predicted(DEMOCRACY, PoliticalDemocracy, paste0("y", 5:8), c(paste0("x", 1:3), paste0("y", 1:4))),
  school = predicted(THREE, school, c("x1", "x9"), paste0("x", 2:8)),
  groups = predicted(THREE, school, c("x1", "x9"), paste0("x", 2:8), group = "school", group.equal = "loadings"))

# reliability; its omegas are those of Bollen, Bentler and McDonald

reliabilities <- function(model, data, ...) {
  fit <- cfa(model, data, control = TIGHT, optim.force.converged = TRUE, ...)
  found <- suppressMessages(suppressWarnings(reliability(fit)))
  if (!is.list(found) || is.data.frame(found)) found <- list(found)
  total <- suppressWarnings(suppressMessages(compRelSEM(fit, obs.var = FALSE, return.df = FALSE)))
  if (!is.list(total)) total <- list(total)
  list(rows = lapply(found, function(x) lapply(as.data.frame(t(unclass(x))), rounded)), latents = colnames(found[[1]]),
       implied = lapply(total, function(x) rounded(as.numeric(x))))
}
CORRELATED <- paste0(THREE, "\nx2 ~~ x3\nx7 ~~ x8")
CROSSED <- "visual =~ x1 + x2 + x3 + x9\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
reliable <- list(three = reliabilities(THREE, school), correlated = reliabilities(CORRELATED, school),
                 crossed = reliabilities(CROSSED, school),
                 groups = reliabilities(THREE, school, group = "school"))

# power of tests of RMSEA

power <- lapply(list(list(.05, .08, 30, 200, 1), list(.05, .01, 50, 300, 1), list(0, .06, 12, 150, 1),
                     list(.05, .08, 48, 400, 2)), function(a)
  c(a, findRMSEApower(a[[1]], a[[2]], a[[3]], a[[4]], group = a[[5]]),
    findRMSEAsamplesize(a[[1]], a[[2]], a[[3]], power = .8, group = a[[5]])))

# Vuong's test by the formulas of Merkle, You & Preacher (2016) from lavaan's scores and covariances; Imhof's integral

log_rows <- function(fit) {
  x <- lavInspect(fit, "data"); sigma <- unclass(fitted(fit)$cov)
  mean <- fitted(fit)$mean; if (is.null(mean) || sum(abs(mean)) == 0) mean <- colMeans(x)
  x <- x[, colnames(sigma)]
  z <- sweep(x, 2, mean[colnames(sigma)])
  -.5 * (ncol(x) * log(2 * pi) + c(determinant(sigma)$modulus) + rowSums((z %*% solve(sigma)) * z))
}
imhof <- function(x, weights) {
  f <- function(u) sapply(u, function(v)
    sin(.5 * sum(atan(weights * v)) - .5 * x * v) / (v * prod((1 + (weights * v)^2)^.25)))
  .5 + integrate(f, 0, Inf, subdivisions = 100000, rel.tol = 1e-7, stop.on.error = FALSE)$value / pi
}
vuong <- function(one, two, ...) {
  fits <- lapply(list(one, two), cfa, data = school, control = TIGHT, optim.force.converged = TRUE, ...)
  n <- nobs(fits[[1]]); rows <- lapply(fits, log_rows)
  scores <- lapply(fits, function(fit) lavScores(fit))
  inverse <- lapply(fits, function(fit) n * vcov(fit))
  B <- lapply(scores, function(s) crossprod(s) / n); cross <- crossprod(scores[[1]], scores[[2]]) / n
  W <- cbind(rbind(-B[[1]] %*% inverse[[1]], t(cross) %*% inverse[[1]]),
             rbind(-cross %*% inverse[[2]], B[[2]] %*% inverse[[2]]))
  weights <- Re(eigen(W, only.values = TRUE)$values)
  difference <- rows[[1]] - rows[[2]]
  omega <- (n - 1) / n * var(difference); ratio <- sum(difference)
  weights <- sort(weights^2, decreasing = TRUE)
  list(models = c(one, two), means = isTRUE(list(...)$meanstructure), omega = omega, ratio = ratio,
       z = ratio / sqrt(n * omega), weights = head(weights, 6),
       p_distinct = imhof(n * omega, weights[weights > 1e-9]),
       aic = unname(diff(rev(sapply(fits, AIC)))), bic = unname(diff(rev(sapply(fits, BIC)))))
}
ONE <- "f =~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9"
MOVED <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9 + x1"
tests <- list(crossed = vuong(CROSSED, MOVED), means = vuong(CORRELATED, CROSSED, meanstructure = TRUE),
              one = vuong(CROSSED, ONE))

writeLines(toJSON(list(predictions = predictions, reliability = reliable, power = power, vuong = tests),
                  auto_unbox = TRUE, digits = 10, pretty = 1), "after_fit.json")
