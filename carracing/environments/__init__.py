"""Other environments than CarRacing, as tasks and worlds of the same interfaces: Gymnasium's ids, and EnvPool's."""
