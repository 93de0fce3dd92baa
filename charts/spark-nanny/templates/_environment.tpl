{{/*
The environment variables of the process, as webhook/config/config.ts parses them: a list of EnvVars, with one template for each
part of the process.
*/}}
{{- define "spark-nanny.environment" -}}
{{ include "spark-nanny.environment.process" . }}
{{ include "spark-nanny.environment.sidecar" . }}
{{ include "spark-nanny.environment.controller" . }}
{{ include "spark-nanny.environment.certificates" . }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "spark-nanny.environment.process" -}}
- name: SPARK_NANNY_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: SPARK_NANNY_POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: SPARK_NANNY_PORT
  value: {{ .Values.webhook.port | int | quote }}
- name: SPARK_NANNY_METRICS_PORT
  value: {{ include "spark-nanny.metricsPort" . | quote }}
- name: SPARK_NANNY_LOG_LEVEL
  value: {{ include "spark-nanny.logLevel" . }}
- name: SPARK_NANNY_DRAIN
  value: {{ .Values.drainSeconds | int }}s
- name: SPARK_NANNY_LEASE
  value: {{ include "spark-nanny.fullname" . }}
- name: SPARK_NANNY_ADMIT_SERVICES
  value: {{ .Values.webhook.admitServices | quote }}
{{- with .Values.rbac.namespaces }}
- name: SPARK_NANNY_NAMESPACES
  value: {{ join "," . }}
- name: SPARK_NANNY_OLDEST_KUBELET
  value: {{ $.Values.rbac.oldestKubelet | default (include "spark-nanny.oldestKubelet" $) | quote }}
{{- end }}
{{- end }}

{{/* The oldest kubelet that the version skew policy of Kubernetes permits. */}}
{{- define "spark-nanny.oldestKubelet" -}}
{{- $version := semver .Capabilities.KubeVersion.Version -}}
{{ $version.Major }}.{{ sub $version.Minor 3 }}
{{- end }}

{{- define "spark-nanny.environment.sidecar" -}}
- name: SPARK_NANNY_SIDECAR_IMAGE
  value: {{ include "spark-nanny.image" (dict "image" .Values.sidecar.image "root" .) }}
- name: SPARK_NANNY_SIDECAR_IMAGE_PULL_POLICY
  value: {{ .Values.sidecar.image.pullPolicy }}
- name: SPARK_NANNY_SETTINGS
  value: {{ include "spark-nanny.settings" . | quote }}
{{- end }}

{{- define "spark-nanny.environment.controller" -}}
{{- $legacy := include "spark-nanny.legacy" . | fromYaml -}}
- name: SPARK_NANNY_NAMESPACE_SELECTOR
  value: {{ include "spark-nanny.namespaceSelectorText" . | quote }}
{{- with .Values.controller }}
- name: SPARK_NANNY_DRY_RUN
  value: {{ or .dryRun $legacy.dryRun | quote }}
- name: SPARK_NANNY_BUDGET_APPLICATION
  value: {{ .budgets.perApplication | int | quote }}
- name: SPARK_NANNY_BUDGET_NAMESPACE
  value: {{ .budgets.perNamespace | int | quote }}
- name: SPARK_NANNY_BUDGET_CLUSTER
  value: {{ .budgets.perCluster | int | quote }}
- name: SPARK_NANNY_BUDGET_WINDOW
  value: {{ .budgets.window }}
- name: SPARK_NANNY_BACKOFF
  value: {{ .budgets.backoff }}
- name: SPARK_NANNY_BREAKER_SHARE
  value: {{ .breakerShare | quote }}
- name: SPARK_NANNY_RESCUES_BEFORE_BREAK
  value: {{ .rescuesBeforeBreak | int | quote }}
{{- end }}
{{- with .Values.fallback }}
- name: SPARK_NANNY_FALLBACK
  value: {{ .mode | quote }}
- name: SPARK_NANNY_FALLBACK_INTERVAL
  value: {{ default .interval $legacy.settings.interval }}
- name: SPARK_NANNY_FALLBACK_TIMEOUT
  value: {{ default .timeout $legacy.settings.timeout }}
- name: SPARK_NANNY_FALLBACK_FAILURES
  value: {{ .failureThreshold | int | quote }}
{{- end }}
{{- with $legacy.apps }}
- name: SPARK_NANNY_APPS
  value: {{ . | quote }}
- name: SPARK_NANNY_APPS_NAMESPACE
  value: {{ $legacy.namespace }}
{{- end }}
{{- end }}

{{/* webhook.namespaceSelector as a label selector for requests to the Kubernetes API. */}}
{{- define "spark-nanny.namespaceSelectorText" -}}
{{- $parts := list }}
{{- with .Values.webhook.namespaceSelector }}
{{- range $key, $value := .matchLabels }}
{{- $parts = append $parts (printf "%s=%s" $key $value) }}
{{- end }}
{{- range .matchExpressions }}
{{- if eq .operator "Exists" }}{{ $parts = append $parts .key }}
{{- else if eq .operator "DoesNotExist" }}{{ $parts = append $parts (printf "!%s" .key) }}
{{- else }}{{ $parts = append $parts (printf "%s %s (%s)" .key (lower .operator) (join "," .values)) }}
{{- end }}
{{- end }}
{{- end }}
{{- join "," $parts }}
{{- end }}

{{- define "spark-nanny.environment.certificates" -}}
{{- $source := include "spark-nanny.certificates" . -}}
- name: SPARK_NANNY_CERTIFICATES
  value: {{ ternary "self-signed" "files" (eq $source "self-signed") }}
{{- if eq $source "self-signed" }}
- name: SPARK_NANNY_CERTIFICATE_SECRET
  value: {{ include "spark-nanny.tlsSecret" . }}
- name: SPARK_NANNY_SERVICE_NAME
  value: {{ include "spark-nanny.webhookServices" . | fromYamlArray | join "," }}
- name: SPARK_NANNY_CA_VALIDITY
  value: {{ .Values.webhook.tls.caValidity }}
- name: SPARK_NANNY_CERTIFICATE_VALIDITY
  value: {{ .Values.webhook.tls.certificateValidity }}
{{- else }}
- name: SPARK_NANNY_TLS_CERT_FILE
  value: /etc/spark-nanny/tls/tls.crt
- name: SPARK_NANNY_TLS_KEY_FILE
  value: /etc/spark-nanny/tls/tls.key
{{- end }}
{{- if include "spark-nanny.patchesCaBundle" . }}
{{- if eq $source "existing-secret" }}
- name: SPARK_NANNY_TLS_CA_FILE
  value: /etc/spark-nanny/tls/ca.crt
{{- end }}
- name: SPARK_NANNY_WEBHOOK_CONFIGURATION
  value: {{ include "spark-nanny.fullname" . }}
{{- end }}
{{- end }}
