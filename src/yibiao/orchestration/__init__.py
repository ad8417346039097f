"""Running the work: the functions behind the DAGs, the embedded run, and the real Airflow."""
