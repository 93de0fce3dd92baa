{{- define "spark-nanny.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* The prefix of all names; at most 50 characters, because the name of a Service may have 63. */}}
{{- define "spark-nanny.fullname" -}}
{{- $name := include "spark-nanny.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "spark-nanny.webhookService" -}}
{{ include "spark-nanny.fullname" . }}-webhook
{{- end }}

{{/*
The replicas are split into two halves, each with its own Deployment and Service: {name: replicas}. If a replica fails during a
request, the API server retries the request through both halves, one of which still works. kube-proxy would take seconds to notice the
failure.
*/}}
{{- define "spark-nanny.halves" -}}
{{- $replicas := .Values.replicaCount | int }}
{{- dict "a" (div (add1 $replicas) 2) | toYaml }}
{{- if gt $replicas 1 }}
{{ dict "b" (div $replicas 2) | toYaml }}
{{- end }}
{{- end }}

{{/* The Services through which the API server calls the webhook: first the one of all replicas, then those of the halves. */}}
{{- define "spark-nanny.webhookServices" -}}
{{- $service := include "spark-nanny.webhookService" . -}}
- {{ $service }}
{{- range $half, $replicas := include "spark-nanny.halves" . | fromYaml }}
- {{ $service }}-{{ $half }}
{{- end }}
{{- end }}

{{- define "spark-nanny.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "spark-nanny.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* The labels of all resources except pods. The labels of the chart take precedence over those of the values. */}}
{{- define "spark-nanny.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "spark-nanny.podLabels" (merge (dict "more" dict) .) }}
{{- end }}

{{/* The labels of pods, including `more` from a value. */}}
{{- define "spark-nanny.podLabels" -}}
{{- $own := dict "app.kubernetes.io/version" .Chart.AppVersion "app.kubernetes.io/component" "webhook" }}
{{- merge $own (include "spark-nanny.selectorLabels" . | fromYaml) .more .Values.commonLabels | toYaml }}
{{- end }}

{{- define "spark-nanny.selectorLabels" -}}
app.kubernetes.io/name: {{ include "spark-nanny.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The image reference registry/repository:tag@digest of {image, root}. */}}
{{- define "spark-nanny.image" -}}
{{- with .image }}
{{- $tag := .tag | default (ternary "" $.root.Chart.AppVersion (ne .digest "")) }}
{{- with .registry }}{{ . }}/{{ end }}
{{- .repository }}
{{- with $tag }}:{{ . }}{{ end }}
{{- with .digest }}@{{ . }}{{ end }}
{{- end }}
{{- end }}
