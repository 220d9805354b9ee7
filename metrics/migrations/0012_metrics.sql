-- Local days whose figures are to be brought up to date, because roll-ups that they read have changed. Rows are only put and
-- deleted, as in ingest.touched: who files them and who computes never wait for each other, and a day filed twice is
-- computed once. Empty when figures and roll-ups agree.
CREATE TABLE metrics.due (
    district text NOT NULL,
    day      date NOT NULL,
    until    timestamptz NOT NULL   -- end of the last hour that had changed when this was filed: figures go as far
);
