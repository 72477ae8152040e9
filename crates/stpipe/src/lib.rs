//! Steps, pipelines, parameters, provenance and their runner, for any mission.
