"""What people see: views over `crmlib`, one folder per department, served by Voila or shown in JupyterLab."""
