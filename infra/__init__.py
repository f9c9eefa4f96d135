"""What is around the services: the city that comes with them, sites, and how all of it is started."""
