{{/*
What the forerunner's values mean here, as YAML: {settings, logLevel, metricsPort, dryRun, apps, namespace, notes}. A flag may stand with one dash or
two, its value behind "=" or as the next word. What has no meaning here fails and says what to write instead.
*/}}
{{- define "spark-nanny.forerunner" -}}
{{- $settings := dict }}
{{- $told := dict "logLevel" "" "metricsPort" (int .Values.listenPort) "dryRun" false "apps" .Values.sparkApps "namespace" "spark" }}
{{- $notes := list }}
{{- with .Values.sparkApps }}
{{- $notes = append $notes (printf "sparkApps (%s): watched from outside, as before. With a label on the namespace, see above, they get a sidecar, which is quicker; then remove the value." .) }}
{{- end }}
{{- if .Values.listenPort }}
{{- $notes = append $notes (printf "listenPort: write metrics.port: %d" (int .Values.listenPort)) }}
{{- end }}
{{- $words := regexReplaceAll `(^|\s)--?(apps|interval|timeout|namespace|listen-address)\s+` (join " " .Values.args) "${1}--${2}=" }}
{{- range splitList " " $words | compact }}
{{- $flag := regexReplaceAll `^--?([a-z-]*).*$` . "${1}" }}
{{- $value := ternary (regexReplaceAll `^[^=]*=` . "") "true" (contains "=" .) }}
{{- if and (has $flag (list "interval" "timeout")) (regexMatch `^[0-9]+$` $value) }}
{{- $_ := set $settings $flag (printf "%ss" $value) }}
{{- $notes = append $notes (printf "args: %s: write fallback.%s and sidecar.settings.%s: %ss" . $flag $flag $value) }}
{{- else if and (eq $flag "dry-run") (has $value (list "true" "false")) }}
{{- if eq $value "true" }}{{ $_ := set $settings "restart" "observe" }}{{ $_ := set $told "dryRun" true }}{{ end }}
{{- $notes = append $notes (printf "args: %s: write controller.dryRun: true and sidecar.settings.restart: observe, or leave it out" .) }}
{{- else if and (eq $flag "debug") (has $value (list "true" "false")) }}
{{- if eq $value "true" }}{{ $_ := set $told "logLevel" "debug" }}{{ end }}
{{- $notes = append $notes (printf "args: %s: write logLevel: debug, or leave it out" .) }}
{{- else if and (eq $flag "listen-address") (regexMatch `:[0-9]+$` $value) }}
{{- $port := regexFind `[0-9]+$` $value }}
{{- $_ := set $told "metricsPort" (int $port) }}
{{- $notes = append $notes (printf "args: %s: write metrics.port: %s" . $port) }}
{{- else if has $flag (list "apps" "namespace") }}
{{- $_ := set $told $flag $value }}
{{- $notes = append $notes (printf "args: %s: holds as before, and is not needed when the namespace is labelled, see above" .) }}
{{- else }}
{{- fail (printf "args: %q is not understood. args is kept for the flags of the Go spark-nanny: --interval=SECONDS, --timeout=SECONDS, --dry-run, --debug, --listen-address=:PORT. Write sidecar.settings, logLevel and metrics.port instead." .) }}
{{- end }}
{{- end }}
{{- toYaml (merge $told (dict "settings" $settings "notes" $notes)) }}
{{- end }}

{{/* The settings of the chart as JSON; what stands in sidecar.settings goes before the forerunner's flags. */}}
{{- define "spark-nanny.settings" -}}
{{- $forerunner := include "spark-nanny.forerunner" . | fromYaml }}
{{- mergeOverwrite (deepCopy $forerunner.settings) .Values.sidecar.settings | toJson }}
{{- end }}

{{- define "spark-nanny.logLevel" -}}
{{- $forerunner := include "spark-nanny.forerunner" . | fromYaml }}
{{- default .Values.logLevel $forerunner.logLevel }}
{{- end }}

{{- define "spark-nanny.metricsPort" -}}
{{- $forerunner := include "spark-nanny.forerunner" . | fromYaml }}
{{- default .Values.metrics.port $forerunner.metricsPort | int }}
{{- end }}
