{{/*
What the values of the predecessor (bringg/spark-nanny) mean in this chart, as YAML: {settings, logLevel, metricsPort, dryRun, apps, namespace, notes}. A flag may stand with one dash or
two, its value behind "=" or as the next word. What has no meaning here fails and says what to write instead.
*/}}
{{- define "spark-nanny.legacy" -}}
{{- $settings := dict }}
{{- $result := dict "logLevel" "" "metricsPort" (int .Values.listenPort) "dryRun" false "apps" .Values.sparkApps "namespace" "spark" }}
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
{{- if eq $value "true" }}{{ $_ := set $settings "restart" "observe" }}{{ $_ := set $result "dryRun" true }}{{ end }}
{{- $notes = append $notes (printf "args: %s: write controller.dryRun: true and sidecar.settings.restart: observe, or leave it out" .) }}
{{- else if and (eq $flag "debug") (has $value (list "true" "false")) }}
{{- if eq $value "true" }}{{ $_ := set $result "logLevel" "debug" }}{{ end }}
{{- $notes = append $notes (printf "args: %s: write logLevel: debug, or leave it out" .) }}
{{- else if and (eq $flag "listen-address") (regexMatch `:[0-9]+$` $value) }}
{{- $port := regexFind `[0-9]+$` $value }}
{{- $_ := set $result "metricsPort" (int $port) }}
{{- $notes = append $notes (printf "args: %s: write metrics.port: %s" . $port) }}
{{- else if has $flag (list "apps" "namespace") }}
{{- $_ := set $result $flag $value }}
{{- $notes = append $notes (printf "args: %s: holds as before, and is not needed when the namespace is labelled, see above" .) }}
{{- else }}
{{- fail (printf "args: %q is not understood. args is kept for the flags of the Go spark-nanny: --interval=SECONDS, --timeout=SECONDS, --dry-run, --debug, --listen-address=:PORT. Write sidecar.settings, logLevel and metrics.port instead." .) }}
{{- end }}
{{- end }}
{{- toYaml (merge $result (dict "settings" $settings "notes" $notes)) }}
{{- end }}

{{/* The settings of the chart as JSON; what stands in sidecar.settings goes before the flags of the predecessor. */}}
{{- define "spark-nanny.settings" -}}
{{- $legacy := include "spark-nanny.legacy" . | fromYaml }}
{{- mergeOverwrite (deepCopy $legacy.settings) .Values.sidecar.settings | toJson }}
{{- end }}

{{- define "spark-nanny.logLevel" -}}
{{- $legacy := include "spark-nanny.legacy" . | fromYaml }}
{{- default .Values.logLevel $legacy.logLevel }}
{{- end }}

{{- define "spark-nanny.metricsPort" -}}
{{- $legacy := include "spark-nanny.legacy" . | fromYaml }}
{{- default .Values.metrics.port $legacy.metricsPort | int }}
{{- end }}
