{{/*
The environment of the process, as webhook/config.ts parses it; a list of EnvVars. One part each for what one part of the
process is told.
*/}}
{{- define "spark-nanny.environment" -}}
{{ include "spark-nanny.environment.process" . }}
{{ include "spark-nanny.environment.sidecar" . }}
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
{{- end }}

{{- define "spark-nanny.environment.sidecar" -}}
- name: SPARK_NANNY_SIDECAR_IMAGE
  value: {{ include "spark-nanny.image" (dict "image" .Values.sidecar.image "root" .) }}
- name: SPARK_NANNY_SIDECAR_IMAGE_PULL_POLICY
  value: {{ .Values.sidecar.image.pullPolicy }}
- name: SPARK_NANNY_SETTINGS
  value: {{ include "spark-nanny.settings" . | quote }}
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
