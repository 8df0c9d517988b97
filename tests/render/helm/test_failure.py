"""What is said of a chart that cannot be rendered: helm's own words, where it is, and no value of a parameter."""

import re

import pytest
from tests.render.helm.charts import below, chart, config_map, package, render

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_CHART_DEPTH, MAX_CHART_FILES, MAX_STATUS_MESSAGE
from pattern_operator.render.program import ProgramOutput

SCHEMA = (
    '{"type": "object", "properties": {"replicas": {"type": "integer"}, "pin": {"pattern": "^x"}}, "required": ["a"]}'
)
NEEDS = [
    {"name": "db", "version": "1.x", "repository": "https://charts.example"},
    {"name": "cache", "version": "2.0.0", "repository": "https://charts.example", "condition": "cache.enabled"},
]


def refused(files, path=".", **options) -> Stalled:
    with pytest.raises(Stalled) as refusal:
        render(files, path, **options)
    return refusal.value


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ('{{ fail "choose a host" }}', "(web/templates/a.yaml, line 1): choose a host."),
        ('\n\n{{ required "host is needed!" .Values.host }}', "(web/templates/a.yaml, line 3): host is needed!"),
        ("{{ if }}", "(web/templates/a.yaml, line 1): missing value for if."),
        ("{{ nothing }}", 'function "nothing" not defined'),
        ("{{ .Values.a.b.c }}", "at <.Values.a.b.c>: nil pointer"),
        ("a: b: c", "YAML parse error on web/templates/a.yaml"),
    ],
)
def test_a_template_that_fails_is_said_with_file_line_and_the_words_of_helm(template, says):
    error = refused(chart({"templates/a.yaml": template}))

    assert error.reason is Reason.CHART_FAILED
    assert says in error.message
    assert error.message.startswith("helm cannot render the chart web")
    assert error.message.endswith("Correct the chart, or its parameters in spec.render.")


def test_a_failure_in_a_dependency_is_said_with_its_file():
    files = chart({}, dependencies=NEEDS[:1]) | {
        "charts/db-1.0.0.tgz": package(chart({"templates/d.yaml": '{{ fail "no" }}'}, name="db"), folder="db")
    }

    assert "(web/charts/db/templates/d.yaml, line 1): no." in refused(files).message


def test_parameters_that_do_not_fit_the_schema_are_said_in_the_words_of_helm_without_them():
    files = chart({"templates/a.yaml": config_map("a"), "values.schema.json": SCHEMA})
    error = refused(files, parameters={"replicas": "tw0", "pin": "4711"})

    assert error.reason is Reason.PARAMETERS_INVALID
    assert "at '/replicas': got string, want integer" in error.message
    assert "missing property 'a'" in error.message
    assert "4711" not in error.message


def test_a_version_of_kubernetes_that_a_chart_does_not_take_is_said():
    files = chart({"templates/a.yaml": config_map("a")}, kubeVersion=">=1.30.0-0 <1.32.0-0")

    assert render(files, kube_version="v1.31.4").objects
    assert "requires kubeVersion: >=1.30.0-0 <1.32.0-0 which is incompatible with Kubernetes v1.33.1" in (
        refused(files, kube_version="v1.33.1").message
    )


@pytest.mark.parametrize(
    "value",
    [
        "hunter2!",
        "4711",
        "ab",
        'with "quotes" and \\',
        "-----BEGIN KEY-----\nMIIEowIBAAKC\n-----END KEY-----\n",
        "a" * 9_000,
        "web/templates/secret.yaml:12:3",
    ],
)
@pytest.mark.parametrize(
    "form", ["{{ fail .Values.p }}", "{{ fail (quote .Values.p) }}", "{{ fail (b64enc .Values.p) }}"]
)
def test_no_value_of_a_parameter_is_said(value, form):
    message = refused(chart({"templates/x.yaml": form}), parameters={"p": value, "q": [1, {"r": value}]}).message

    for each in (value, value.splitlines()[0], value.strip().splitlines()[-1], value[:50]):
        assert each not in message.replace("helm cannot render the chart web (web/templates/x.yaml, line 1)", "")


@pytest.mark.parametrize("number", [123456, 1234567, 12345678901234, 3.25, -7])
@pytest.mark.parametrize(
    "form", ["{{ fail (print .Values.p) }}", "{{ fail (toString .Values.p) }}", "{{ fail (toJson .) }}"]
)
def test_no_number_of_a_parameter_is_said(number, form):
    message = refused(chart({"templates/a.yaml": form}), parameters={"p": number}).message

    assert str(number) not in message.replace("line 1", "")
    assert str(number)[1:5].lstrip(".") not in message.replace("line 1", "") or len(str(number)) < 6


OF_A_SECRET = "it's pa<ss&word-1234"


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ fail (toJson .Values) }}", "line 1): execution error (its words are not shown"),
        ("{{ fail (toYaml .Values) }}", "because they may quote a value of a Secret"),
        ('{{ fail (printf "postgres://u:%s@db" (urlquery .Values.p)) }}', "(web/templates/a.yaml, line 1)"),
        ('{{ fail (printf "u:%s" .Values.p | b64enc) }}', "(web/templates/a.yaml, line 1)"),
        ("{{ .Values.p.q }}", "can't evaluate field (its words"),
        ("a: {{ toYaml .Values.p }}: {{ .Values.p }}", "web (web/templates/a.yaml): YAML parse error (its words"),
    ],
)
def test_where_a_value_is_of_a_secret_only_the_kind_of_the_failure_and_its_place_are_said(template, says):
    error = refused(chart({"templates/a.yaml": template}), parameters={"p": OF_A_SECRET}, holds_secrets=True)

    assert error.reason is Reason.CHART_FAILED
    assert says in error.message
    assert not any(part in error.message for part in ("1234", "pa<", "dTpp", "it''s"))


PASSWORD = ("db", "password")
READ = "As a number, true or false is read: db.password. Where the chart takes a text, write it between quotation marks"


@pytest.mark.parametrize("template", ["{{ sha256sum .Values.db.password }}", '{{ eq .Values.db.password "a" }}'])
@pytest.mark.parametrize("value", [48151623, True])
@pytest.mark.parametrize("holds_secrets", [True, False])
def test_a_value_by_target_path_that_is_no_text_is_named_where_a_type_is_wrong(template, value, holds_secrets):
    error = refused(
        chart({"templates/a.yaml": template}),
        parameters={"db": {"password": value, "name": "a"}},
        target_paths=(PASSWORD, ("db", "name"), ("db", "none")),
        holds_secrets=holds_secrets,
    )

    assert READ in error.message
    assert str(value) not in error.message


@pytest.mark.parametrize(
    ("template", "value", "paths"),
    [
        ('{{ fail "no" }}', 1, (PASSWORD,)),
        ("{{ sha256sum .Values.db.password }}", 1, ()),
        ("{{ sha256sum .Values.n }}", "text", (PASSWORD,)),
    ],
    ids=["another failure", "not by targetPath", "a text"],
)
def test_other_failures_say_nothing_of_how_values_are_read(template, value, paths):
    error = refused(
        chart({"templates/a.yaml": template}), parameters={"db": {"password": value}, "n": 2}, target_paths=paths
    )

    assert "As a number" not in error.message


@pytest.mark.parametrize(
    "url", ["https://charts.invalid.example/d.json", "file:///etc/passwd", "file:///etc/none.json"]
)
def test_a_schema_that_is_elsewhere_is_the_fault_of_the_chart_and_not_looked_for_in_words(url):
    schema = f'{{"type": "object", "properties": {{"c": {{"$ref": "{url}"}}}}}}'
    error = refused(chart({"templates/a.yaml": config_map("a"), "values.schema.json": schema}))

    assert error.reason is Reason.CHART_FAILED
    assert f"refers by $ref to what is not in the chart ({url}), and nothing is fetched. Put" in error.message
    assert "no such" not in error.message
    assert "spec.render.parameters" not in error.message


@pytest.mark.parametrize("below", [False, True], ids=["of the chart", "of a subchart"])
@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ('{"type": "object",}', "invalid character '}'"),
        ("{", "unexpected EOF"),
        ("", "EOF"),
        ("null", "at '': got null, want boolean or object"),
        ('{"type": "map"}', "at '/type': value must be one of 'array', 'boolean', 'integer', 'null'"),
        ('{"properties": {"a": {"pattern": "("}}}', "'(' is not valid regex"),
        ('{"properties": {"a": {"$ref": "#/nowhere"}}}', "not found"),
    ],
)
def test_a_schema_that_is_none_is_the_fault_of_the_chart_and_not_of_parameters(schema, words, below):
    files = chart({"templates/a.yaml": config_map("a"), ("charts/db/" if below else "") + "values.schema.json": schema})
    files |= below_db() if below else {}
    error = refused(files, parameters={"n": 1})

    assert error.reason is Reason.CHART_FAILED
    of = "db" if below else "web"
    assert f"values.schema.json of the chart {of} is not a JSON Schema that helm can read: " in error.message
    assert words in error.message
    assert "or set spec.render.skipSchemaValidation: true, and the values are not checked." in error.message
    assert "spec.render.parameters" not in error.message
    assert render(files, skip_schema_validation=True).objects


def below_db() -> dict[str, bytes]:
    return below("charts/db", chart({}, name="db"))


def test_a_schema_that_is_none_is_told_without_its_words_where_a_secret_gives_parameters():
    files = chart({"templates/a.yaml": config_map("a"), "values.schema.json": '{"type": "map"}'})
    error = refused(files, parameters={"n": "map"}, holds_secrets=True)

    assert error.reason is Reason.CHART_FAILED
    assert "values.schema.json of the chart web is not a JSON Schema that helm can read. Correct" in error.message


CLOSED = '{"type": "object", "additionalProperties": false, "properties": {"n": {"type": "integer"}}}'


def test_a_subchart_whose_schema_refuses_what_helm_gives_it_is_the_fault_of_the_chart():
    files = (
        chart({"templates/a.yaml": config_map("a")}) | below_db() | {"charts/db/values.schema.json": CLOSED.encode()}
    )
    error = refused(files)

    assert error.reason is Reason.CHART_FAILED
    assert "the parameter global, and values.schema.json of the chart db refuses it" in error.message
    assert "or set spec.render.skipSchemaValidation: true" in error.message
    assert "spec.render.parameters" not in error.message
    assert render(files, skip_schema_validation=True).objects


def test_beside_a_parameter_that_a_subchart_refuses_the_way_out_for_global_is_said_too():
    files = (
        chart({"templates/a.yaml": config_map("a")}) | below_db() | {"charts/db/values.schema.json": CLOSED.encode()}
    )
    error = refused(files, parameters={"db": {"n": "a"}})

    assert error.reason is Reason.PARAMETERS_INVALID
    assert "at '/n': got string, want integer" in error.message
    assert (
        "Correct spec.render.parameters. helm gives each chart below another one the parameter global" in error.message
    )


def test_a_global_of_the_users_own_that_a_chart_refuses_is_the_fault_of_parameters():
    files = chart({"templates/a.yaml": config_map("a"), "values.schema.json": CLOSED})
    error = refused(files, parameters={"global": {"a": "b"}})

    assert error.reason is Reason.PARAMETERS_INVALID
    assert error.message.endswith("Correct spec.render.parameters.")


@pytest.mark.parametrize("number", [7777777, 1234, 6, 6.5, 48151623421, -7, 1e30])
@pytest.mark.parametrize("rule", ['"maximum": -9', '"exclusiveMaximum": -9', '"multipleOf": 1009', '"minimum": 1e40'])
def test_no_number_that_a_schema_refuses_is_said(number, rule):
    files = chart(
        {"templates/a.yaml": config_map("a"), "values.schema.json": f'{{"properties": {{"cc": {{{rule}}}}}}}'}
    )
    message = refused(files, parameters={"cc": number}).message

    assert re.search(r"at '/cc': \w+: got \*\*\*, want ", message)
    assert str(number) not in message


@pytest.mark.parametrize("value", ["x" * 1234, "ab"])
def test_a_text_that_is_too_long_for_a_schema_is_said_without_its_length(value):
    schema = '{"properties": {"cc": {"maxLength": 1}}}'
    message = refused(
        chart({"templates/a.yaml": config_map("a"), "values.schema.json": schema}), parameters={"cc": value}
    ).message

    assert "at '/cc': maxLength: got ***, want 1" in message


def test_parameters_of_a_secret_that_do_not_fit_the_schema_are_not_said():
    files = chart({"templates/a.yaml": config_map("a"), "values.schema.json": SCHEMA})
    error = refused(files, parameters={"replicas": "tw0", "pin": "4711"}, holds_secrets=True)

    assert error.reason is Reason.PARAMETERS_INVALID
    assert "values don't meet the specifications of the schema" in error.message
    assert "4711" not in error.message


@pytest.mark.parametrize("form", ["{{ fail (toJson .Values) }}", "{{ fail (urlquery .Values.p) }}"])
def test_a_value_in_the_form_of_a_template_function_is_not_said(form):
    assert "1234" not in refused(chart({"templates/x.yaml": form}), parameters={"p": "pa<ss&wo rd-1234"}).message


def test_a_message_is_bounded_whatever_the_chart_says():
    template = '{{ fail (repeat 100000 "word ") }}'

    assert len(refused(chart({"templates/a.yaml": template})).message.encode()) <= MAX_STATUS_MESSAGE


def test_a_chart_that_fails_only_the_second_time_is_refused():
    answers = iter(
        [
            ProgramOutput(exit_code=0, stdout=b"", stderr=""),
            *[ProgramOutput(exit_code=1, stdout=b"", stderr="Error: no")] * 2,
        ]
    )
    error = refused(chart({}), run=lambda _: next(answers))

    assert error.message == "helm cannot render the chart web: no. Correct the chart, or its parameters in spec.render."


# --- charts that are not run ----------------------------------------------------------------------------------------


def not_run(run):
    raise AssertionError(run)


def test_dependencies_that_are_missing_are_all_named_and_nothing_is_fetched():
    error = refused(chart({"templates/a.yaml": config_map("a")}, dependencies=NEEDS), run=not_run)

    assert error.reason is Reason.CHART_INVALID
    assert "its dependencies db 1.x, cache 2.0.0 are not in its folder charts/" in error.message
    assert "helm dependency build" in error.message


def test_dependencies_of_requirements_are_looked_for_too():
    files = {
        "Chart.yaml": b"name: web\nversion: 1.0.0\napiVersion: v1\n",
        "requirements.yaml": b"dependencies: [{name: db, version: 1.x}]\n",
    }

    assert "its dependencies db 1.x are not" in refused(files, run=not_run).message


def test_a_library_is_refused():
    error = refused(chart({"templates/_a.tpl": ""}, type="library"), run=not_run)

    assert error.reason is Reason.CHART_INVALID
    assert "its type is library" in error.message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "has no name"),
        (b"- a", "has no name"),
        (b"name: web", "has no version"),
        (b"name: [web]\nversion: 1.0.0", "has no name"),
        (b"name: web\nversion: {a: b}", "has no version"),
        (b"name: " + b"a" * 300 + b"\nversion: 1.0.0", "name in Chart.yaml has more than 253 characters"),
        (b"name: [", "web/Chart.yaml, line 2"),
        (b"\xff\xfe\x00", "Chart.yaml"),
    ],
)
def test_a_chart_file_of_any_other_shape_is_refused(content, says):
    assert says in refused({"web/Chart.yaml": content}, "web", run=not_run).message


def test_a_chart_file_that_multiplies_itself_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    error = refused(
        chart({}) | {"Chart.yaml": "\n".join([*lines, "name: web", "version: 1.0.0"]).encode()}, run=not_run
    )

    assert error.reason is Reason.ARTIFACT_TOO_LARGE


def test_charts_that_lie_too_deep_are_refused():
    charts: dict[str, bytes] = {}
    for _ in range(MAX_CHART_DEPTH + 2):
        charts = chart({}) | below("charts/web", charts)

    assert f"more than {MAX_CHART_DEPTH} deep" in refused(charts, run=not_run).message


def test_packages_that_hold_too_many_files_together_are_refused():
    one = {f"templates/{number}": b"" for number in range(MAX_CHART_FILES // 3)}
    files = chart({}) | {f"charts/{name}.tgz": package(chart({}, name=name) | one, folder=name) for name in "abcd"}

    assert f"more than {MAX_CHART_FILES} files" in refused(files, run=not_run).message


@pytest.mark.parametrize("content", [b"", b"not a tar", package({})])
def test_a_dependency_that_is_no_package_is_refused(content):
    assert refused(chart({}) | {"charts/db.tgz": content}, run=not_run).reason in (
        Reason.ARCHIVE_REFUSED,
        Reason.CHART_INVALID,
    )


# --- output of any size ---------------------------------------------------------------------------------------------


def test_a_template_that_writes_too_much_is_refused():
    template = config_map("a", '  x: {{ repeat 40000000 "x" | quote }}\n')

    assert refused(chart({"templates/a.yaml": template})).reason is Reason.ARTIFACT_TOO_LARGE


@pytest.mark.parametrize(
    ("holds_secrets", "says"),
    [(False, "the key 'key' occurs twice in one mapping"), (True, "a key occurs twice in one mapping")],
)
def test_output_that_kubernetes_does_not_read_is_refused_with_its_template_and_line(holds_secrets, says):
    files = chart({"templates/b.yaml": config_map("b"), "templates/a.yaml": config_map("a", "  key: twice\n")})
    error = refused(files, holds_secrets=holds_secrets)

    assert error.reason is Reason.DOCUMENT_INVALID
    assert f"web/templates/a.yaml renders to what is not YAML, in line 7 of its output: {says}" in error.message
    assert "of which helm would take the last" in error.message


def test_large_parameters_are_taken():
    template = config_map("a", "  x: '{{ len .Values.x }}'\n")

    assert render(chart({"templates/a.yaml": template}), parameters={"x": "y" * 1_000_000}).objects
