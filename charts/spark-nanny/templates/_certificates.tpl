{{/* Where the serving certificate comes from: self-signed, cert-manager or existing-secret. */}}
{{- define "spark-nanny.certificates" -}}
{{- if .Values.certManager.enabled }}cert-manager
{{- else if .Values.webhook.tls.existingSecret }}existing-secret
{{- else }}self-signed
{{- end }}
{{- end }}

{{/* The Secret with tls.crt and tls.key. */}}
{{- define "spark-nanny.tlsSecret" -}}
{{- $source := include "spark-nanny.certificates" . }}
{{- if eq $source "existing-secret" }}
{{- .Values.webhook.tls.existingSecret }}
{{- else if eq $source "cert-manager" }}
{{- include "spark-nanny.fullname" . }}-cert-manager-tls
{{- else }}
{{- include "spark-nanny.fullname" . }}-webhook-tls
{{- end }}
{{- end }}

{{/* Not empty when the process writes the caBundle itself; then the chart does not render it. */}}
{{- define "spark-nanny.patchesCaBundle" -}}
{{- $source := include "spark-nanny.certificates" . }}
{{- if or (eq $source "self-signed") (and (eq $source "existing-secret") (not .Values.webhook.tls.caBundle)) }}true{{ end }}
{{- end }}

{{/* What the container mounts of the Secret. Each key must be there, or the kubelet waits with the pod. */}}
{{- define "spark-nanny.tlsKeys" -}}
- tls.crt
- tls.key
{{- if and (eq (include "spark-nanny.certificates" .) "existing-secret") (not .Values.webhook.tls.caBundle) }}
- ca.crt
{{- end }}
{{- end }}
