{{/*
Translates the values of the predecessor (bringg/spark-nanny) to this chart, as YAML: {settings, logLevel, metricsPort, dryRun, apps,
namespace, notes}. A flag has one or two dashes, and its value follows "=" or is the next word. Unsupported flags are rejected with
a message that names the values to use instead.
*/}}
{{- define "spark-nanny.legacy" -}}
{{- $settings := dict }}
{{- $result := dict "logLevel" "" "metricsPort" (int .Values.listenPort) "dryRun" false "apps" .Values.sparkApps "namespace" "spark" }}
{{- $notes := list }}
{{- with .Values.sparkApps }}
{{- $notes = append $notes (printf "sparkApps (%s): these drivers are polled, as before. To protect them with sidecars, label their namespace as shown above and remove the value." .) }}
{{- end }}
{{- if .Values.listenPort }}
{{- $notes = append $notes (printf "listenPort: use metrics.port: %d" (int .Values.listenPort)) }}
{{- end }}
{{- $words := regexReplaceAll `(^|\s)--?(apps|interval|timeout|namespace|listen-address)\s+` (join " " .Values.args) "${1}--${2}=" }}
{{- range splitList " " $words | compact }}
{{- $flag := regexReplaceAll `^--?([a-z-]*).*$` . "${1}" }}
{{- $value := ternary (regexReplaceAll `^[^=]*=` . "") "true" (contains "=" .) }}
{{- if and (has $flag (list "interval" "timeout")) (regexMatch `^[0-9]+$` $value) }}
{{- $_ := set $settings $flag (printf "%ss" $value) }}
{{- $notes = append $notes (printf "args: %s: use fallback.%s and sidecar.settings.%s: %ss" . $flag $flag $value) }}
{{- else if and (eq $flag "dry-run") (has $value (list "true" "false")) }}
{{- if eq $value "true" }}{{ $_ := set $settings "restart" "observe" }}{{ $_ := set $result "dryRun" true }}{{ end }}
{{- $notes = append $notes (printf "args: %s: use controller.dryRun: true and sidecar.settings.restart: observe, or remove it" .) }}
{{- else if and (eq $flag "debug") (has $value (list "true" "false")) }}
{{- if eq $value "true" }}{{ $_ := set $result "logLevel" "debug" }}{{ end }}
{{- $notes = append $notes (printf "args: %s: use logLevel: debug, or remove it" .) }}
{{- else if and (eq $flag "listen-address") (regexMatch `:[0-9]+$` $value) }}
{{- $port := regexFind `[0-9]+$` $value }}
{{- $_ := set $result "metricsPort" (int $port) }}
{{- $notes = append $notes (printf "args: %s: use metrics.port: %s" . $port) }}
{{- else if has $flag (list "apps" "namespace") }}
{{- $_ := set $result $flag $value }}
{{- $notes = append $notes (printf "args: %s: still applies, but is not needed if the namespace is labelled as shown above" .) }}
{{- else }}
{{- fail (printf "args: %q is not supported. args only accepts the flags of the predecessor: --apps=NAMES, --namespace=NAME, --interval=SECONDS, --timeout=SECONDS, --dry-run, --debug, --listen-address=:PORT. Use sidecar.settings, logLevel and metrics.port instead." .) }}
{{- end }}
{{- end }}
{{- toYaml (merge $result (dict "settings" $settings "notes" $notes)) }}
{{- end }}

{{/* The settings of all drivers as JSON. sidecar.settings takes precedence over the flags of the predecessor. */}}
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
