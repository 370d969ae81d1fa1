# lavaan's χ² differences of least squares: in this folder, `Rscript make_differences.R` writes differences.json.
suppressPackageStartupMessages({ library(lavaan); library(jsonlite) })

TIGHT <- list(rel.tol = 1e-14, eval.max = 100000L, iter.max = 100000L)
FREE <- "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7 + y8"
OWN <- "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7"
TIED <- "f =~ y1 + a*y2 + a*y3 + y4\ng =~ y5 + b*y6 + b*y7 + y8"
ZERO <- paste0(FREE, "\nf ~~ 0*g")
THREE <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
CROSS <- paste0(THREE, "\nvisual =~ x9")
ordered_data <- read.csv("../data/ordered.csv")
seven <- paste0("y", 1:7)

number <- function(value) signif(as.numeric(value), 10)
# Where nlminb gives up, the usual tolerance is asked for.
run <- function(model, data, ...) suppressWarnings({
  table <- if (data == "ordered") ordered_data else HolzingerSwineford1939
  fit <- sem(model, table, control = TIGHT, optim.force.converged = TRUE, ...)
  if (is.na(fit@test[[1]]$stat)) sem(model, table, ...) else fit
})
difference <- function(name, free, restricted, data, first, second = first, method = "default") {
  found <- suppressWarnings(lavTestLRT(do.call("run", c(list(free, data), first)),
                                       do.call("run", c(list(restricted, data), second)), method = method))
  list(name = name, free = free, restricted = restricted, data = data, first = first, second = second, method = method,
       difference = number(found[2, "Chisq diff"]), df = number(found[2, "Df diff"]), p = number(found[2, "Pr(>Chisq)"]))
}

cases <- list()
add <- function(...) cases[[length(cases) + 1]] <<- difference(...)
for (estimator in c("WLSMV", "ULSMV", "WLSM", "WLS", "WLSMVS")) {
  own <- list(ordered = seven, estimator = estimator)
  add(paste0(estimator, "_tied"), FREE, TIED, "ordered", own)
  add(paste0(estimator, "_zero"), FREE, ZERO, "ordered", own)
}
add("WLSM_2000", FREE, TIED, "ordered", list(ordered = seven, estimator = "WLSM"), method = "satorra.2000")
groups <- list(ordered = seven, group = "group")
add("WLSMV_groups", OWN, OWN, "ordered", groups, c(groups, group.equal = "loadings"))
for (estimator in c("WLSMV", "MLM", "MLMV", "DLS", "GLS", "WLS"))
  add(paste0(estimator, "_continuous"), CROSS, THREE, "school", list(estimator = estimator),
      method = if (estimator == "MLM") "satorra.2000" else "default")
means <- list(estimator = "WLSMV", group = "school", meanstructure = TRUE)
add("WLSMV_means", THREE, THREE, "school", c(means, list(group.equal = "loadings")),
    c(means, list(group.equal = c("loadings", "intercepts"))))
equal <- function(...) c(groups, list(group.equal = c(...)))
add("WLSMV_thresholds", OWN, OWN, "ordered", groups, equal("thresholds"))
add("WLSMV_thresholds_loadings", OWN, OWN, "ordered", equal("thresholds"), equal("loadings", "thresholds"))
add("WLSMV_configural_thresholds", OWN, OWN, "ordered", groups, equal("loadings", "thresholds"))
add("WLSMV_latent_means", OWN, OWN, "ordered", equal("loadings", "thresholds"), equal("loadings", "thresholds", "means"))
add("WLSMV_mixed_thresholds", FREE, FREE, "ordered", groups, equal("thresholds"))
add("WLSMV_mixed_loadings", FREE, FREE, "ordered", equal("thresholds"), equal("loadings", "thresholds"))
add("WLSM_thresholds", OWN, OWN, "ordered", c(groups, estimator = "WLSM"), c(equal("thresholds"), estimator = "WLSM"))
answer <- list(lavaan = as.character(packageVersion("lavaan")), cases = cases)
writeLines(toJSON(answer, auto_unbox = TRUE, digits = NA, null = "null", na = "null"), "differences.json")
