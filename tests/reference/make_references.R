# lavaan's answers for options that the tests of semnan try.
# In this folder, `Rscript make_references.R` writes lavaan.json.
suppressPackageStartupMessages({ library(lavaan); library(jsonlite) })

# ---- Cases -------------------------------------------------------------------------------------------------------

CASES <- list()
# `brief`: without std.lv, std.nox, modification indices, residuals and scores, for another case has much the same.
case <- function(name, model, fun = "sem", data = "items", nested_in = NULL, brief = FALSE, ...) {
  CASES[[name]] <<- list(name = name, model = trimws(model), fun = fun, data = data, nested_in = nested_in,
                         brief = brief, args = list(...))
}

THREE <- "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nf3 =~ x7 + x8 + x9"
PATHS <- "m1 ~ x1 + x2\nm2 ~ m1 + x2\ny1 ~ m1 + m2\ny2 ~ m1 + m2"

case("std_lv", THREE, "cfa", std.lv = TRUE)
case("orthogonal", THREE, "cfa", nested_in = "std_lv", orthogonal = TRUE)
case("meanstructure_covariates", paste0(THREE, "\nf1 ~ w1 + w2\nf2 ~ w1\nf3 ~ f1 + w1\nz1 ~ f3 + w2"),
     meanstructure = TRUE)
case("latent_regressions", paste0(THREE, "\nf2 ~ f1\nf3 ~ f1 + f2\nz1 ~ f3\nz2 ~ f1 + z1\nx3 ~~ x6\nz1 ~~ x9"))
case("second_order", "
a =~ y1 + y2 + y3
b =~ y4 + y5 + y6
c =~ y7 + y8 + y9
d =~ y10 + y11 + y12
g =~ a + b + c + d", "cfa", "second_order")
case("growth_time_varying", "
i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4
s =~ 0*t1 + 1*t2 + 2*t3 + 3*t4
i ~ a1 + a2
s ~ a1 + a2
t1 ~ c1
t2 ~ c2
t3 ~ c3
t4 ~ c4", "growth", "curves")

case("groups_configural", THREE, "cfa", group = "group", meanstructure = TRUE)
case("groups_loadings", THREE, "cfa", nested_in = "groups_configural", group = "group", meanstructure = TRUE,
     group.equal = "loadings")
case("groups_intercepts", THREE, "cfa", nested_in = "groups_loadings", group = "group",
     group.equal = c("loadings", "intercepts"))
case("groups_means", THREE, "cfa", nested_in = "groups_intercepts", group = "group",
     group.equal = c("loadings", "intercepts", "means"), brief = TRUE)
case("groups_residuals", THREE, "cfa", group = "group",
     group.equal = c("loadings", "intercepts", "residuals"), brief = TRUE)
case("groups_lv_variances", THREE, "cfa", group = "group",
     group.equal = c("loadings", "intercepts", "residuals", "lv.variances"), brief = TRUE)
case("groups_lv_covariances", THREE, "cfa", group = "group",
     group.equal = c("loadings", "intercepts", "residuals", "lv.variances", "lv.covariances"), brief = TRUE)
case("groups_partial", THREE, "cfa", nested_in = "groups_configural", group = "group",
     group.equal = c("loadings", "intercepts"), group.partial = c("f1=~x2", "x5~1"))
case("groups_std_lv", THREE, "cfa", group = "group", std.lv = TRUE,
     group.equal = c("loadings", "intercepts"), brief = TRUE)
case("groups_regressions", "f1 =~ x1 + x2 + x3\nf3 =~ x7 + x8 + x9\nf3 ~ f1 + w1\nz1 ~ f3\nx2 ~~ x8", group = "group",
     group.equal = c("loadings", "regressions", "residual.covariances"))
case("group_labels", "
f1 =~ x1 + c(a, b)*x2 + c(d, d)*x3
z1 ~ c(r1, r2)*f1 + c('p', NA)*w1
difference := r1 - r2
ratio := a / b", group = "group")
case("group_fixed", "
f1 =~ c(1, 0.9)*x1 + c(0.7, NA)*x2 + x3 + x4
f1 ~~ c(NA, 1)*f1
x4 ~ c(0, NA)*w1", group = "group")

case("equal_labels", "f1 =~ x1 + a*x2 + b*x3\nf3 =~ x7 + d*x8 + d*x9\nf3 ~ f1\na == b", brief = TRUE)
case("linear_sum", "m1 ~ a*x1 + b*x2\nm2 ~ m1 + x2\ny1 ~ m1 + m2\na + b == 1", data = "paths", brief = TRUE)
case("linear_multiple", "m1 ~ a*x1 + b*x2\nm2 ~ m1 + x2\ny1 ~ p*m1 + q*m2\ny1 ~~ 0*m2\na == 2*b\np - 0.05 == q",
     data = "paths", brief = TRUE)
case("nonlinear_square", "m1 ~ a*x1 + b*x2\nm2 ~ m1 + x2\ny1 ~ m1 + m2\nb == a^2", data = "paths", brief = TRUE)
case("nonlinear_product", "m1 ~ a*x1 + x2\nm2 ~ b*m1 + x2\ny1 ~ m1 + m2\ny1 ~ d*x1\nd == a*b", data = "paths")
case("inequality_inactive", "m1 ~ a*x1 + b*x2\nm2 ~ m1 + x2\ny1 ~ m1 + m2\na > b\nb < 0.9",
     data = "paths", brief = TRUE)
case("inequality_active", "m1 ~ a*x1 + b*x2\nm2 ~ p*m1 + x2\ny1 ~ m1 + m2\na < b\np > 0", data = "paths")
case("inequality_and_equality", "f1 =~ x1 + a*x2 + b*x3\nf3 =~ x7 + d*x8 + e*x9\nf3 ~ f1\nd == e\na > 0.95\nb < 2")

case("fixed_x", PATHS, data = "paths")
case("random_x", PATHS, data = "paths", fixed.x = FALSE, brief = TRUE)
case("user_variance_of_x", paste0(PATHS, "\nx1 ~~ v*x1\nsd := sqrt(v)"), data = "paths", meanstructure = TRUE)
case("na_and_fixed", "
f1 =~ NA*x1 + 0.8*x2 + x3
f2 =~ NA*x4 + x5 + x6
f3 =~ x7 + 0.8*x8 + x9
f2 ~~ 1*f2
f1 ~~ 0*f3
f2 ~~ 0.2*f3
x3 ~~ 0.05*x6", "cfa")
case("equal_modifier", "f1 =~ x1 + x2 + equal('f1=~x2')*x3\nf3 =~ x7 + x8 + x9\nf3 ~ f1\nz1 ~ equal('f3~f1')*f3")
case("start_modifier", "
f1 =~ x1 + start(0.8)*x2 + start(0.7)*l*x3
f3 =~ x7 + 0.9?x8 + x9
f3 ~ start(0.5)*f1
x1 ~~ start(0.4)*x1", brief = TRUE)
case("intercepts", "
f1 =~ x1 + x2 + x3
f3 =~ x7 + x8 + x9
x1 ~ 0*1
x2 ~ i2*1
f1 ~ 1
x7 ~ k*1
x8 ~ k*1
f3 ~ 0*1 + f1
shift := i2 - k")
case("defined", "
m1 ~ a*x1 + x2
m2 ~ b*m1 + x2
y1 ~ d*m2 + e*m1
y1 ~~ v*y1
chain := a*b*d
total := chain + a*e
share := chain / total
growth := exp(a) - 1
logarithm := log(total)
spread := sqrt(v)
power := (a + b)^2 - -d", data = "paths")
case("orthogonal_x", paste0(THREE, "\nf3 ~ f1 + f2"), orthogonal.x = TRUE)
case("orthogonal_y", paste0(THREE, "\nf2 ~ f1\nf3 ~ f1"), orthogonal.y = TRUE, brief = TRUE)
# By lavaan(), for sem() and cfa() of 0.6-14 put their own values over these options without a word.
REGRESSED <- paste0(THREE, "\nf2 ~ f1\nf3 ~ f1\nz1 ~ f2\nz2 ~ f3")
case("auto_cov_y_off", REGRESSED, "lavaan", brief = TRUE, auto.var = TRUE, auto.fix.first = TRUE, auto.cov.lv.x = TRUE)
case("auto_cov_y_on", REGRESSED, "lavaan", brief = TRUE, auto.var = TRUE, auto.fix.first = TRUE, auto.cov.lv.x = TRUE,
     auto.cov.y = TRUE)
case("int_ov_free_off", "f1 =~ x1 + x2 + x3\nf3 =~ x7 + x8 + x9\nf3 ~ f1\nx2 + x3 + x8 + x9 ~ 1", "lavaan",
     auto.var = TRUE, auto.fix.first = TRUE, meanstructure = TRUE, int.ov.free = FALSE, int.lv.free = TRUE)
case("bare_spelt_out", "
f1 =~ 1*x1 + x2 + x3
z1 ~ f1 + w1
f1 ~~ f1
x1 ~~ x1
x2 ~~ x2
x3 ~~ x3
z1 ~~ z1
w1 ~~ w1", "lavaan")
case("bare_automatic", paste0(THREE, "\nf3 ~ f1\nz1 ~ f3\nz2 ~ f1"), "lavaan", auto.var = TRUE, auto.fix.first = TRUE,
     auto.cov.lv.x = TRUE, auto.cov.y = TRUE, int.ov.free = TRUE, meanstructure = TRUE, brief = TRUE)

case("missing_regression", "f1 =~ x1 + x2 + x3\nf3 =~ x7 + x8 + x9\nf3 ~ f1\nz1 ~ f3\nz2 ~ f1 + z1",
     data = "gaps", missing = "ml")
case("missing_groups", "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6", "cfa", "gaps", missing = "ml", group = "group",
     group.equal = "loadings")
case("missing_fixed_x", "f1 =~ x1 + x2 + x3\nf1 ~ w1\nz1 ~ f1 + w1", data = "gaps", missing = "ml")
case("missing_in_fixed_x", "f1 =~ x1 + x2 + x3\nf1 ~ w1 + w2\nz1 ~ f1 + w2", data = "gaps", missing = "ml")
case("missing_in_x_modelled", "f1 =~ x1 + x2 + x3\nf1 ~ w1 + w2\nz1 ~ f1 + w2", data = "gaps",
     missing = "ml.x", brief = TRUE)
case("missing_expected", "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6", "cfa", "gaps", brief = TRUE,
     missing = "ml", information = "expected")
case("listwise", "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6", "cfa", "gaps", brief = TRUE)

case("information_observed", paste0(THREE, "\nf3 ~ f1 + f2"), information = "observed", brief = TRUE)
case("information_first_order", paste0(THREE, "\nf3 ~ f1 + f2"), information = "first.order", brief = TRUE)
case("wishart", PATHS, data = "paths", likelihood = "wishart", brief = TRUE)
case("moments", paste0(PATHS, "\nx1 ~ 1"), data = "moments", sample.nobs = 300, meanstructure = TRUE)
case("moments_covariance_only", PATHS, data = "moments", sample.nobs = 300, fixed.x = FALSE, brief = TRUE)

# ---- Calls -------------------------------------------------------------------------------------------------------

# The saturated moments of FIML, on which chi-square rests, closer than lavaan's default of 1e-5.
H1 <- list(em.h1.tol = 1e-11, em.h1.iter.max = 10000L)

table_of <- function(name) read.csv(file.path("data", paste0(name, ".csv")))

arguments <- function(case) {
  given <- c(list(model = case$model), case$args, H1)
  if (case$data != "moments") return(c(given, list(data = table_of(case$data))))
  moments <- as.matrix(table_of("moments")); last <- nrow(moments)
  given$sample.cov <- moments[-last, ]
  rownames(given$sample.cov) <- colnames(moments)
  if (!is.null(case$args$meanstructure)) given$sample.mean <- moments[last, ]
  given
}

WARNINGS <- character(0)
quiet <- function(expression) withCallingHandlers(expression, warning = function(w) {
  WARNINGS <<- unique(c(WARNINGS, gsub("\\s+", " ", conditionMessage(w)))); invokeRestart("muffleWarning")
})

# What lavaan refuses is null here, its reason among the remarks.
REMARKS <- character(0)
attempt <- function(what, expression) tryCatch(expression, error = function(e) {
  REMARKS <<- c(REMARKS, paste0(what, ": ", gsub("\\s+", " ", conditionMessage(e)))); NULL
})

# ---- Polish ------------------------------------------------------------------------------------------------------

# lavaan stops some 1e-5 standard errors from the optimum. Fisher steps lead on, with its own gradient and information,
# the latter bordered by the constraints that hold as equalities.

# Values and derivatives of all constraints.
constraints_at <- function(model, x) {
  values <- function(x) {
    c(if (nrow(model@ceq.JAC)) model@ceq.function(x), if (nrow(model@cin.JAC)) model@cin.function(x))
  }
  list(value = values(x), jacobian = lavaan:::lav_func_jacobian_complex(values, x))
}

# The step, and the model with the derivatives of its constraints at the present point.
fisher_step <- function(fit) {
  model <- fit@Model; x <- lavaan:::lav_model_get_parameters(model)
  matrix <- unclass(lavInspect(fit, "information.expected")); right <- -as.numeric(lavInspect(fit, "gradient"))
  if (nrow(model@con.jac)) {
    here <- constraints_at(model, x)
    model@con.jac[] <- here$jacobian
    binding <- setdiff(seq_along(here$value), attr(model@con.jac, "inactive.idx"))
    J <- here$jacobian[binding, , drop = FALSE]
    matrix <- rbind(cbind(matrix, t(J)), cbind(J, diag(0, nrow(J)))); right <- c(right, -here$value[binding])
  }
  list(model = model, x = x, step = solve(matrix, right, tol = 1e-20)[seq_along(x)])
}

polish <- function(fit) {
  options <- fit@Options; options$optim.method <- "none"
  for (count in 1:60) {
    at <- fisher_step(fit)
    size <- max(abs(at$step))
    moved <- lavaan:::lav_model_set_parameters(at$model, at$x + at$step)
    fit <- lavaan(slotOptions = options, slotParTable = fit@ParTable, slotSampleStats = fit@SampleStats,
                  slotData = fit@Data, slotModel = moved, slotCache = fit@Cache, sloth1 = fit@h1)
    if (size < 1e-11) break
  }
  list(fit = fit, size = size)
}

# ---- Records -----------------------------------------------------------------------------------------------------

# I() keeps a vector of one value a list in JSON; rounding errors of zeros become zeros.
number <- function(value) signif(as.numeric(value), 10)
numbers <- function(values) { values <- number(values); I(ifelse(abs(values) < 1e-13, 0, values)) }
columns <- function(table, names) {
  table <- as.data.frame(unclass(table), stringsAsFactors = FALSE)
  lapply(as.list(table[intersect(names, names(table))]), function(v) if (is.double(v)) numbers(v) else I(v))
}
triangle <- function(matrix) numbers(t(matrix)[upper.tri(matrix, diag = TRUE)]) # lower triangle, row by row

# lavInspect and friends answer with a list over groups only when there are several.
by_group <- function(fit, answer, record) {
  if (is.null(answer)) return(NULL)
  if (lavInspect(fit, "ngroups") == 1) list(record(answer)) else lapply(unname(answer), record)
}
moments_of <- function(m) {
  list(names = colnames(m$cov), cov = triangle(m$cov), mean = if (!is.null(m$mean)) numbers(m$mean))
}

# The parameter table row by row, with estimates and every standardisation with its standard error; std.lv only where it
# differs from est, std.nox where it differs from std.all. The label ".p7." in a constraint means the seventh row.
parameters <- function(fit, types) {
  table <- parTable(fit)
  stopifnot(table$plabel[table$plabel != ""] == paste0(".p", which(table$plabel != ""), "."))
  found <- columns(table, c("lhs", "op", "rhs", "group", "free", "label", "user", "exo"))
  rows <- quiet(parameterEstimates(fit, remove.eq = FALSE, remove.system.eq = FALSE, remove.ineq = FALSE))
  found <- c(found, columns(aligned(rows, table), c("est", "se")))
  for (type in types) {
    solution <- attempt(type, quiet(standardizedSolution(fit, type = type, remove.eq = FALSE, remove.ineq = FALSE)))
    if (is.null(solution)) next
    solution <- aligned(solution, table)
    found[[type]] <- numbers(solution$est.std); found[[paste0(type, ".se")]] <- numbers(solution$se)
  }
  if (identical(found$std.lv, found$est)) found$std.lv <- found$std.lv.se <- NULL
  if (identical(found$std.nox, found$std.all)) found$std.nox <- found$std.nox.se <- NULL
  found
}
# Rows in the order of the parameter table, NA for constraints.
aligned <- function(rows, table) {
  key <- function(t) paste(t$lhs, t$op, t$rhs, if (is.null(t$group)) 1 else pmax(t$group, 1))
  constraint <- table$op %in% c("==", "<", ">")
  at <- match(key(table), key(rows))
  stopifnot(!anyNA(at[!constraint]))
  at[constraint] <- NA
  rows[at, ]
}
indices <- function(fit) {
  found <- quiet(modindices(fit, sort. = TRUE, maximum.number = 20L))
  columns(found, c("lhs", "op", "rhs", "group", "mi", "epc", "sepc.lv", "sepc.all", "sepc.nox"))
}
residual_types <- function(fit) {
  types <- c("raw", "cor.bentler", "standardized")
  bare <- function(m) moments_of(m)[c("cov", "mean")] # in the order of the implied moments
  one <- function(type) attempt(type, by_group(fit, quiet(resid(fit, type = type)), bare))
  setNames(lapply(types, one), types)
}
scores <- function(fit, method) {
  if (length(lavNames(fit, "lv")) == 0) return(NULL)
  head_of <- function(m) unname(lapply(seq_len(3), function(i) numbers(m[i, ])))
  attempt(method, by_group(fit, quiet(lavPredict(fit, method = method)), head_of))
}
explained <- function(fit) by_group(fit, attempt("r2", quiet(lavInspect(fit, "r2"))),
                                    function(r) lapply(as.list(r), number))
difference <- function(fit, case) {
  if (is.null(case$nested_in)) return(NULL)
  test <- quiet(lavTestLRT(FITS[[case$nested_in]], fit))
  list(larger = case$nested_in, chisq = number(test[2, "Chisq diff"]), df = number(test[2, "Df diff"]),
       pvalue = number(test[2, "Pr(>Chisq)"]))
}
extras <- function(fit) list(
  modindices = attempt("modindices", indices(fit)), residuals = residual_types(fit),
  scores = list(regression = scores(fit, "regression"), bartlett = scores(fit, "Bartlett"))
)

EMPTY <- setNames(list(), character(0)) # an object, not a list, in JSON

record <- function(case) {
  WARNINGS <<- REMARKS <<- character(0)
  polished <- quiet(polish(do.call(case$fun, arguments(case))))
  fit <- FITS[[case$name]] <<- polished$fit
  stopifnot(lavInspect(fit, "converged"), polished$size < 1e-9)
  c(list(
    name = case$name, model = case$model, fun = case$fun, args = if (length(case$args)) case$args else EMPTY,
    data = paste0(case$data, ".csv"), groups = if (lavInspect(fit, "ngroups") > 1) lavInspect(fit, "group.label"),
    n = I(lavInspect(fit, "nobs")), ov = lavNames(fit, "ov"), lv = I(lavNames(fit, "lv")),
    last_step = signif(polished$size, 2),
    parameters = parameters(fit, if (case$brief) "std.all" else c("std.lv", "std.all", "std.nox")),
    fit = lapply(as.list(attempt("fitMeasures", quiet(fitMeasures(fit)))), number),
    implied = by_group(fit, lavInspect(fit, "implied"), moments_of), r2 = explained(fit), lrt = difference(fit, case)
  ), if (!case$brief) extras(fit), list(warnings = I(WARNINGS), refused = I(REMARKS)))
}

FITS <- list()
as_line <- function(case) {
  found <- record(case)
  message(sprintf("%-26s step %.0e chisq %9.4f df %3g  %s", case$name, found$last_step, found$fit$chisq, found$fit$df,
                  paste(c(found$warnings, found$refused), collapse = " | ")))
  toJSON(found, auto_unbox = TRUE, digits = NA, na = "null", null = "null")
}
cat("[\n", paste(lapply(CASES, as_line), collapse = ",\n"), "\n]\n", sep = "", file = "lavaan.json")
