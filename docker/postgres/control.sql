-- The control database stands beside Airflow's, so that either can be restored without the other.
CREATE DATABASE control;
