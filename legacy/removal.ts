/**
 * The folder `legacy` keeps the flags, the application names and the metrics of the predecessor, bringg/spark-nanny,
 * working, as `_legacy.tpl` of the chart does with its values. Both may be removed in this version of spark-nanny.
 */
export const legacyRemovalVersion = '0.3.0'
