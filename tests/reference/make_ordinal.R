# lavaan's answers for ordered variables and for least squares of continuous ones.
# In this folder, `Rscript make_ordinal.R` writes ordinal.json.
suppressPackageStartupMessages({ library(lavaan); library(jsonlite) })

ordered_data <- read.csv("data/ordered.csv")
school <- HolzingerSwineford1939
cut_school <- school
for (name in paste0("x", 1:9)) cut_school[[name]] <- findInterval(school[[name]], c(2.2, 3.4, 4.6, 5.8)) + 1
for (name in paste0("x", 1:9)) {
  while (min(table(cut_school[[name]])) < 12) {      # merge rare categories with their neighbours
    rare <- as.numeric(names(which.min(table(cut_school[[name]]))))
    values <- sort(unique(cut_school[[name]]))
    near <- values[values != rare][which.min(abs(values[values != rare] - rare))]
    cut_school[[name]][cut_school[[name]] == rare] <- near
  }
}

ITEMS <- "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7 + y8"
PATHS <- "f =~ y1 + y2 + y3 + y4\ny8 ~ f + y5\ny6 ~ y8 + f\ny7 ~~ y6"
THREE <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
COVARIATES <- paste0(THREE, "\nvisual + textual + speed ~ ageyr + sex")
seven <- paste0("y", 1:7)
nine <- paste0("x", 1:9)

# lavaan since 0.7 has these for ULS: a sandwich around what fourth moments are of normal data, and Browne's test.
normal_theory <- function(fit) {
  means <- lavInspect(fit, "meanstructure")
  gamma <- lavaan:::lav_samplestats_Gamma_NT(COV = unclass(fit@SampleStats@cov[[1]]), MEAN = fit@SampleStats@mean[[1]],
                                             meanstructure = means)
  delta <- lavInspect(fit, "delta")
  residual <- fit@SampleStats@WLS.obs[[1]] - lavaan:::lav_model_wls_est(fit@Model)[[1]]
  bread <- solve(crossprod(delta)); less <- lavInspect(fit, "nobs") - 1
  weight <- solve(gamma)
  left <- weight - weight %*% delta %*% solve(t(delta) %*% weight %*% delta) %*% t(delta) %*% weight
  list(se = sqrt(diag(bread %*% t(delta) %*% gamma %*% delta %*% bread) / less),
       chisq = less * drop(t(residual) %*% left %*% residual))
}

rounded <- function(x) if (is.numeric(x)) signif(x, 10) else x
answer <- function(name, model, data, table, ...) {
  extra <- list(...)
  # These as lavaan has WLSM and ULSM: its own errors are those of efficient estimates, which they are not.
  if (identical(extra$estimator, "DWLS") || (identical(extra$estimator, "ULS") && !is.null(extra$ordered)))
    extra <- c(extra, se = "robust.sem", test = "satorra.bentler")
  fit <- suppressWarnings(do.call("sem", c(list(model, table), extra)))
  stopifnot(lavInspect(fit, "converged"))
  rows <- parTable(fit)
  keep <- rows$op %in% c("=~", "~", "~~", "|", "~1", "~*~")
  columns <- list(lhs = rows$lhs[keep], op = rows$op[keep], rhs = rows$rhs[keep], group = rows$group[keep],
                  free = rows$free[keep], est = rounded(rows$est[keep]), se = rounded(rows$se[keep]))
  measures <- as.list(fitMeasures(fit))
  if (identical(extra$estimator, "ULS") && is.null(extra$ordered)) {
    normal <- normal_theory(fit)
    columns$se[columns$free > 0] <- rounded(normal$se[columns$free[columns$free > 0]])
    measures <- list(chisq = normal$chisq, df = measures$df, npar = measures$npar, rmr = measures$rmr,
                     srmr = measures$srmr, crmr = measures$crmr,
                     pvalue = pchisq(normal$chisq, measures$df, lower.tail = FALSE))
  }
  gamma <- correlations <- NULL
  if (lavInspect(fit, "categorical") && lavInspect(fit, "ngroups") == 1) {
    gamma <- rounded(diag(fit@SampleStats@NACOV[[1]]))
    sample <- unclass(lavInspect(fit, "sampstat")$cov)
    correlations <- list(names = colnames(sample), cov = rounded(sample[lower.tri(sample, diag = TRUE)]))
  }
  list(name = name, model = model, data = data, args = list(...), parameters = columns,
       fit = lapply(measures, rounded), gamma = gamma, sample = correlations,
       groups = if (lavInspect(fit, "ngroups") > 1) lavInspect(fit, "group.label") else NULL)
}

cases <- list()
add <- function(...) cases[[length(cases) + 1]] <<- answer(...)
for (e in c("WLSMV", "ULSMV", "WLSM", "WLSMVS", "ULSMVS", "DWLS", "ULS", "WLS"))
  add(paste0("ordered_", e), ITEMS, "ordered", ordered_data, ordered = seven, estimator = e)
add("ordered_std_lv", ITEMS, "ordered", ordered_data, ordered = seven, std.lv = TRUE)
add("ordered_paths", PATHS, "ordered", ordered_data, ordered = c("y1", "y2", "y3", "y4", "y6", "y7"), fixed.x = FALSE,
    conditional.x = FALSE)
add("ordered_equal", "f =~ y1 + a*y2 + a*y3 + y4\ng =~ y5 + b*y6 + d*y7 + y8\nb == d", "ordered", ordered_data,
    ordered = seven)
add("ordered_nonlinear", "f =~ y1 + a*y2 + b*y3 + y4\ng =~ y5 + y6 + y7 + y8\nb == a^2", "ordered", ordered_data,
    ordered = seven)
add("ordered_groups", ITEMS, "ordered", ordered_data, ordered = seven, group = "group")
add("ordered_groups_loadings", ITEMS, "ordered", ordered_data, ordered = seven, group = "group",
    group.equal = "loadings")
add("school_cut_WLSMV", THREE, "school_cut", cut_school, ordered = nine)
add("school_cut_ULSMV", THREE, "school_cut", cut_school, ordered = nine, estimator = "ULSMV")
# Thresholds that groups share.
shared <- function(name, model, ...) add(paste0("shared_", name), model, "ordered", ordered_data, ordered = seven,
                                         group = "group", ...)
BOTH <- c("loadings", "thresholds")
shared("thresholds", ITEMS, group.equal = "thresholds")
shared("loadings", ITEMS, group.equal = BOTH)
shared("means", ITEMS, group.equal = c(BOTH, "means", "regressions"))
shared("std_lv", "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7", group.equal = BOTH, std.lv = TRUE)
shared("ULSMV", ITEMS, group.equal = BOTH, estimator = "ULSMV")
add("shared_WLS", "f =~ y1 + y2 + y3 + y4 + y8", "ordered", ordered_data, ordered = paste0("y", 1:4), group = "group",
    group.equal = BOTH, estimator = "WLS")
shared("equal", "f =~ y1 + a*y2 + b*y3 + c*y4\ng =~ y5 + d*y6 + y7 + y8\nb == d", group.equal = "thresholds")
shared("paths", "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7 + y8\ng ~ f", group.equal = BOTH)
# All items ordered, for which there are robust indices (Savalei 2021).
OWN <- "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7"
for (e in c("WLSMV", "WLSM", "ULSMV"))
  add(paste0("all_ordered_", e), OWN, "ordered", ordered_data, ordered = seven, estimator = e)
add("all_ordered_tied", "f =~ y1 + a*y2 + a*y3 + y4\ng =~ y5 + y6 + y7", "ordered", ordered_data, ordered = seven)
add("all_ordered_groups", OWN, "ordered", ordered_data, ordered = seven, group = "group", group.equal = "loadings")
for (e in c("GLS", "WLS", "ULS", "DWLS", "WLSMV", "ULSMV"))
  add(paste0("school_", e), THREE, "school", school, estimator = e)
for (e in c("GLS", "WLS", "ULS", "DWLS", "ULSMV"))
  add(paste0("school_means_", e), THREE, "school", school, estimator = e, meanstructure = TRUE)
for (e in c("GLS", "WLS", "ULS"))
  add(paste0("school_covariates_", e), COVARIATES, "school", school, estimator = e)
for (e in c("GLS", "WLS", "DWLS"))
  add(paste0("school_fixed_x_", e), COVARIATES, "school", school, estimator = e, fixed.x = TRUE)
for (e in c("GLS", "WLS", "ULSMV"))
  add(paste0("school_groups_", e), THREE, "school", school, estimator = e, group = "school",
      group.equal = c("loadings", "intercepts"))

# Distributionally weighted least squares (Du & Bentler 2022).
for (gamma in c("model", "sample")) for (a in c(1, 0.7, 0))
  add(paste0("school_DLS_", gamma, "_", a), THREE, "school", school, estimator = "DLS",
      estimator.args = list(dls.a = a, dls.GammaNT = gamma))
add("school_means_DLS", THREE, "school", school, estimator = "DLS", meanstructure = TRUE,
    estimator.args = list(dls.a = 0.4, dls.GammaNT = "model"))
add("school_groups_DLS", THREE, "school", school, estimator = "DLS", group = "school",
    group.equal = "loadings", estimator.args = list(dls.a = 0.5, dls.GammaNT = "model"))
add("school_covariates_DLS", COVARIATES, "school", school, estimator = "DLS", fixed.x = FALSE,
    estimator.args = list(dls.a = 0.5, dls.GammaNT = "sample"))

write.csv(cut_school[nine], "data/school_cut.csv", row.names = FALSE)
lines <- sapply(cases, function(case) toJSON(case, auto_unbox = TRUE, digits = NA, null = "null", na = "null"))
writeLines(c("[", paste0(lines, c(rep(",", length(lines) - 1), "")), "]"), "ordinal.json")
