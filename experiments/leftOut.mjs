/** What is not in the table, and why. */
export const leftOut = {
  regression: 'compares values, and digits are classes',
  boundedRegression: 'compares values, and digits are classes',
  mixedRegression: 'compares values, and digits are classes',
  quantileRegression: 'compares values, and digits are classes',
  pointDistance: 'compares points in a picture, and digits are classes',
  boxOverlap: 'compares boxes, and digits are classes',
  marginMse: 'ranks candidates of a query, which digits do not have',
  listNet: 'ranks candidates of a query, which digits do not have',
  rankNet: 'ranks candidates of a query, which digits do not have',
  listMle: 'ranks candidates of a query, which digits do not have',
  relaxedRanking: 'ranks candidates of a query, which digits do not have',
  rankDistil: 'ranks candidates of a query, which digits do not have',
  attentionRelations: 'needs attention over the same positions on both sides; neither student has any',
};
