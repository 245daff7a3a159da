@echo off
rem Starts Aura: finds a Python 3.10 to 3.13 and hands over to tools\launcher.py.
rem   launch.bat               the studio in the browser
rem   launch.bat COMMAND ...   python -m aura COMMAND ... in the app's environment
rem   launch.bat test          every check
setlocal
set "HERE=%~dp0"

if defined AURA_PYTHON call :try "%AURA_PYTHON%"
if not defined FOUND if exist "%HERE%.venv\Scripts\python.exe" call :try "%HERE%.venv\Scripts\python.exe"
for %%V in (3.12 3.11 3.13 3.10) do if not defined FOUND call :try py -%%V
if not defined FOUND call :try python
if not defined FOUND call :try python3
if not defined FOUND goto missing

%FOUND% "%HERE%tools\launcher.py" %*
set "CODE=%ERRORLEVEL%"
rem A window that was opened by a double click would close before anyone could read.
if not "%CODE%"=="0" if "%~1"=="" pause
exit /b %CODE%

:try
%* -c "import sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))" >nul 2>nul
if not errorlevel 1 set "FOUND=%*"
exit /b 0

:missing
echo Aura needs Python 3.10, 3.11, 3.12 or 3.13, and found none.
echo Install Python 3.12 from python.org/downloads and start launch.bat again.
echo.
echo Aura necesita Python 3.10, 3.11, 3.12 o 3.13 y no encontro ninguno.
echo Instala Python 3.12 desde python.org/downloads y vuelve a abrir launch.bat.
pause
exit /b 1
